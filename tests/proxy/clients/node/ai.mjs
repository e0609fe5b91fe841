// The Vercel AI SDK, as its own pages use it. Prints what it saw as one line of JSON, then leaves a stream and waits.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

const place = { baseURL: `${process.env.PROXY}/v1`, apiKey: process.env.KEY };
const compatible = createOpenAICompatible({ name: "proxy", includeUsage: true, ...place });
const openai = createOpenAI(place);
const models = { compatible: compatible("fast"), chat: openai.chat("fast"), responses: openai.responses("fast") };
const tools = {
  get_weather: tool({
    inputSchema: jsonSchema(JSON.parse(process.env.SCHEMA)),
    execute: async ({ city }) => `sunny in ${city}`,
  }),
};

async function failing(call) {
  try {
    await call();
  } catch (error) {
    return { kind: error.name, status: error.statusCode ?? null, retryable: error.isRetryable ?? null };
  }
}

async function read(result) {
  const read = { text: "", error: null };
  for await (const part of result.fullStream) {
    if (part.type === "text-delta") read.text += part.text;
    if (part.type === "error") read.error = String(part.error?.message ?? JSON.stringify(part.error));
  }
  return read;
}

const quiet = { maxRetries: 0, onError: () => {} };
const seen = {};
for (const [name, model] of Object.entries(models)) {
  const whole = await generateText({ model, prompt: "say hello" });
  const streaming = streamText({ model, prompt: "say hello" });
  const { text } = await read(streaming);
  const loop = streamText({ model, prompt: "the weather", tools, stopWhen: stepCountIs(3) });
  seen[name] = {
    whole: whole.text,
    stream: text,
    usage: (await streaming.usage).totalTokens,
    finish: await streaming.finishReason,
    tools: (await read(loop)).text,
    refused: await failing(() => generateText({ model, prompt: "refuse", maxRetries: 0 })),
    broken: await read(streamText({ model, prompt: "break off", ...quiet })),
  };
}

const leaving = new AbortController();
const going = streamText({ model: models.compatible, prompt: "go on", abortSignal: leaving.signal, ...quiet });
for await (const text of going.textStream) {
  if (text) leaving.abort();
}
console.log(JSON.stringify(seen));
process.stdin.on("end", () => process.exit()).resume();
