// A client library of somebody else, as its readme says to use it: node client.mjs LIBRARY read|live|write PORT
// Prints one JSON document a line. "live" prints the punches that it is told until standard input ends.
import { once } from "node:events";
import { argv, exit, stdin, stdout } from "node:process";

const [, , library, what, port] = argv;
const { default: Client } = await import(library);
const say = (document) => new Promise((written) => stdout.write(`${JSON.stringify(document)}\n`, written));

// Some libraries print what they do; only what we say may reach our standard output.
console.log = console.error;

const client = new Client("127.0.0.1", Number(port), 10_000, 0);
await client.createSocket();
if (what === "read") {
  const counts = await client.getInfo();
  const users = await client.getUsers();
  const log = await client.getAttendances();
  await say({ counts, users: users.data, log: log.data });
} else if (what === "write") {
  await client.setUser(77, "77", "Cy", "12", 0, 9);
  const written = (await client.getUsers()).data;
  if (client.deleteUser) await client.deleteUser(77);
  await say({ written, left: (await client.getUsers()).data, serial: await client.getSerialNumber() });
} else {
  await client.getRealTimeLogs(say);
  await say("listening");
  stdin.resume();
  await once(stdin, "end");
}
await client.disconnect();
exit(0);
