// An editor made with the TypeScript SDK of the protocol. It goes through the life of a session, and
// prints what it saw as one object. The SDK checks each message by its schema.

import { spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import { PROTOCOL_VERSION, client, methods, ndJsonStream } from "@agentclientprotocol/sdk";

const { program, flags, environment, folder } = JSON.parse(process.argv[1]);
const child = spawn(program, ["acp", ...flags], {
  cwd: folder,
  env: environment,
  stdio: ["pipe", "pipe", "inherit"],
});
const exited = new Promise((resolve) => child.on("exit", resolve));
const stream = ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout));

const seen = { updates: [], asked: [] };
const editor = client({ name: "a test" })
  .onRequest(methods.client.session.requestPermission, ({ params }) => {
    seen.asked.push(params.options.map((option) => option.kind));
    const once = params.options.find((option) => option.kind === "allow_once");
    return { outcome: { outcome: "selected", optionId: once.optionId } };
  })
  .onNotification(methods.client.session.update, ({ params }) => {
    seen.updates.push(params.update);
  });

const kinds = () => [...new Set(seen.updates.map((update) => update.sessionUpdate))].sort();
const text = () =>
  seen.updates
    .filter((update) => update.sessionUpdate === "agent_message_chunk")
    .map((update) => update.content.text)
    .join("");

const { session } = methods.agent;
const told = await editor.connectWith(stream, async (agent) => {
  const greeted = await agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: {},
  });
  const begun = await agent.request(session.new, { cwd: folder, mcpServers: [] });
  const { sessionId } = begun;
  const say = (words) =>
    agent.request(session.prompt, { sessionId, prompt: [{ type: "text", text: words }] });
  const answered = await say("Make it eighty.");
  const of_turn = { kinds: kinds(), text: text() };
  await agent.request(session.setMode, { sessionId, modeId: "plan" });
  const options = await agent.request(session.setConfigOption, {
    sessionId,
    configId: "mode",
    value: "ask",
  });
  const hanging = say("Say something that never ends.");
  await new Promise((resolve) => {
    const look = () => (text().includes("It begins") ? resolve() : setTimeout(look, 5));
    look();
  });
  await agent.notify(session.cancel, { sessionId });
  const cancelled = await hanging;
  const listed = await agent.request(session.list, { cwd: folder });
  await agent.request(session.close, { sessionId });
  seen.updates = [];
  const loaded = await agent.request(session.load, { sessionId, cwd: folder, mcpServers: [] });
  const replayed = { kinds: kinds(), text: text() };
  await agent.request(session.close, { sessionId });
  await agent.request(session.resume, { sessionId, cwd: folder, mcpServers: [] });
  await agent.request(session.delete, { sessionId });
  const left = await agent.request(session.list, { cwd: folder });
  return {
    version: greeted.protocolVersion,
    name: greeted.agentInfo.name,
    modes: begun.modes.availableModes.map((mode) => mode.id),
    answered: answered.stopReason,
    of_turn,
    asked: seen.asked,
    options: options.configOptions.map((option) => option.id),
    cancelled: cancelled.stopReason,
    listed: listed.sessions.map((one) => [one.sessionId === sessionId, one.cwd, one.title]),
    loaded: loaded.modes.currentModeId,
    replayed,
    left: left.sessions.length,
  };
});

child.stdin.end();
const code = await exited;
console.log(JSON.stringify({ ...told, code }));
