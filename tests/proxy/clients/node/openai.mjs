// openai-node, as its own pages use it. Prints what it saw as one line of JSON, then leaves a stream and waits.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.PROXY}/v1`, apiKey: process.env.KEY, maxRetries: 0 });
const chats = client.chat.completions;
const schema = JSON.parse(process.env.SCHEMA);
const tools = [{ type: "function", function: { name: "get_weather", parameters: schema } }];
const asking = (wish, more) => ({ model: "fast", messages: [{ role: "user", content: wish }], ...more });

async function failing(call) {
  try {
    await call();
  } catch (error) {
    return { kind: error.constructor.name, status: error.status ?? null, code: error.code };
  }
}

const seen = {};

const whole = await chats.create(asking("say hello"));
seen.whole = { text: whole.choices[0].message.content, usage: whole.usage.total_tokens, request: whole._request_id };

seen.stream = { text: "" };
const options = { stream: true, stream_options: { include_usage: true } };
for await (const chunk of await chats.create(asking("say hello", options))) {
  seen.stream.text += chunk.choices[0]?.delta.content ?? "";
  seen.stream.usage = chunk.usage?.total_tokens;
}

const runner = chats.runTools(
  asking("the weather", {
    stream: true,
    tools: [
      {
        type: "function",
        function: { ...tools[0].function, parse: JSON.parse, function: ({ city }) => `sunny in ${city}` },
      },
    ],
  }),
);
seen.tools = await runner.finalContent();

seen.refused = await failing(() => chats.create(asking("refuse", options)));
seen.unknown = await failing(() => chats.create({ ...asking("say hello"), model: "nobody" }));

seen.broken = { text: "" };
seen.broken.error = await failing(async () => {
  for await (const chunk of await chats.create(asking("break off", options))) {
    seen.broken.text += chunk.choices[0]?.delta.content ?? "";
  }
});

seen.response = (await client.responses.create({ model: "fast", input: "say hello" })).output_text;

for await (const chunk of await chats.create(asking("go on", options))) {
  if (chunk.choices[0]?.delta.content) break;
}
console.log(JSON.stringify(seen));
process.stdin.on("end", () => process.exit()).resume();
