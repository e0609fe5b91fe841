// The Vercel AI SDK as a user interface reads a service. Prints what it saw as a line of JSON, then leaves a stream.
import { DefaultChatTransport, readUIMessageStream } from "ai";

const transport = new DefaultChatTransport({ api: process.env.SERVICE });

async function send(text, abortSignal) {
  const messages = [{ id: "m1", role: "user", parts: [{ type: "text", text }] }];
  return transport.sendMessages({ trigger: "submit-message", chatId: "c1", messageId: undefined, messages, abortSignal });
}

async function seen(text) {
  const seen = { message: null, error: null };
  try {
    const stream = await send(text);
    const told = { stream, onError: (error) => (seen.error = error.message), terminateOnError: false };
    for await (const message of readUIMessageStream(told)) seen.message = message;
  } catch (error) {
    seen.error = String(error.message);
  }
  return seen;
}

const told = {};
for (const wish of ["talk", "call", "garble", "cite", "begin anew", "break off", "refuse"]) told[wish] = await seen(wish);
const leaving = new AbortController();
const reader = (await send("go on", leaving.signal)).getReader();
while ((await reader.read()).value?.type !== "text-delta");
leaving.abort();
console.log(JSON.stringify(told));
process.stdin.on("end", () => process.exit()).resume();
