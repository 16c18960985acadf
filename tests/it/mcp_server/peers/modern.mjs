// The official TypeScript SDK 2.x, which speaks the era without `initialize`, and no other here.
//
// Arguments: the server as {command, args, env, cwd}, and the calls as [{name, arguments}], both as JSON.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const [server, calls] = process.argv.slice(1).map((text) => JSON.parse(text));
const options = { versionNegotiation: { mode: { pin: '2026-07-28' } } };
const client = new Client({ name: 'peer', version: '1' }, options);
const errors = [];
client.onerror = (error) => errors.push(String(error));
const transport = new StdioClientTransport({ ...server, stderr: 'ignore' });
await client.connect(transport);
const discovered = await client.discover();
const listed = await client.listTools();
const results = [];
for (const call of calls) {
  const progress = [];
  const result = await client.callTool(call, { onprogress: (told) => progress.push(told) });
  results.push({ ...result, progress });
}
let unknown;
try {
  unknown = await client.callTool({ name: 'no_such_tool', arguments: {} });
} catch (error) {
  unknown = { code: error.code };
}
const said = {
  version: client.getNegotiatedProtocolVersion(),
  server: client.getServerVersion(),
  instructions: client.getInstructions(),
  discovered,
  tools: listed.tools,
  ttl: listed.ttlMs,
  results,
  unknown,
  errors,
};
await client.close();
process.stdout.write(JSON.stringify(said));
