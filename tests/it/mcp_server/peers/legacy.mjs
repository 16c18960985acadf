// The official TypeScript SDK 1.x, which speaks the era with `initialize`: it connects, lists the tools,
// and makes calls, whose results it checks against the schemas of the tools.
//
// Arguments: the server as {command, args, env, cwd}, and the calls as [{name, arguments}], both as JSON.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [server, calls] = process.argv.slice(1).map((text) => JSON.parse(text));
const client = new Client({ name: 'peer', version: '1' });
const errors = [];
client.onerror = (error) => errors.push(String(error));
const transport = new StdioClientTransport({ ...server, stderr: 'ignore' });
await client.connect(transport);
const { tools } = await client.listTools();
const results = [];
for (const call of calls) {
  const progress = [];
  const result = await client.callTool(call, undefined, { onprogress: (told) => progress.push(told) });
  results.push({ ...result, progress });
}
let unknown;
try {
  unknown = await client.callTool({ name: 'no_such_tool', arguments: {} });
} catch (error) {
  unknown = { code: error.code };
}
const said = {
  server: client.getServerVersion(),
  instructions: client.getInstructions(),
  tools,
  results,
  unknown,
  errors,
};
await client.close();
process.stdout.write(JSON.stringify(said));
