"use strict";

const LIVE_EVERY = 2000; // milliseconds

// The table of live calls comes rendered, every text in it escaped.
const live = document.getElementById("live");
if (live) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const reply = await fetch("/ui/live");
      if (reply.status === 401) location.reload();
      else if (reply.ok) live.innerHTML = await reply.text();
    } catch {
      // the gateway does not answer now; it is asked again
    }
  }, LIVE_EVERY);
}

const playground = document.getElementById("playground");
if (playground) {
  const answer = document.getElementById("answer");
  const told = document.getElementById("told");
  const send = playground.querySelector("button");
  const stop = document.getElementById("stop");
  let asking = null;

  stop.addEventListener("click", () => asking?.abort());
  playground.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(playground));
    asking = new AbortController();
    answer.textContent = "";
    told.textContent = "…";
    send.disabled = true;
    stop.disabled = false;
    try {
      told.textContent = await ask(body, asking.signal, (text) => answer.append(text));
    } catch (error) {
      told.textContent = error.name === "AbortError" ? "Stopped." : `Failed: ${error.message}`;
    } finally {
      send.disabled = false;
      stop.disabled = true;
    }
  });
}

// Sends the form, shows each text as it comes, and returns what is to be said at the end.
async function ask(body, signal, show) {
  const began = performance.now();
  let firstToken = null;
  let usage = null;
  let whole = false;
  const reply = await fetch("/ui/chat", { method: "POST", body, signal });
  if (!reply.ok) throw new Error((await reply.json()).error.message);
  for await (const data of events(reply.body)) {
    if (data === "[DONE]") {
      whole = true;
      break;
    }
    const chunk = JSON.parse(data);
    if (chunk.error) throw new Error(chunk.error.message);
    usage = chunk.usage ?? usage;
    const text = chunk.choices[0]?.delta?.content;
    if (text) {
      firstToken ??= performance.now() - began;
      show(text);
    }
  }
  if (!whole) throw new Error("the answer broke off");
  const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;
  const parts = [`Whole: ${seconds(performance.now() - began)}`];
  if (firstToken !== null) parts.unshift(`First token: ${seconds(firstToken)}`);
  if (usage) parts.push(`${usage.prompt_tokens} + ${usage.completion_tokens} tokens`);
  return parts.join(" · ");
}

// Yields the data of server-sent events; the gateway ends lines in a single newline.
async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    const blocks = held.split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      const line = block.split("\n").find((one) => one.startsWith("data: "));
      if (line) yield line.slice("data: ".length);
    }
  }
}
