"use strict";
/* The trajectory viewer. Data is shown as text nodes only: nothing of a document ever becomes markup. */

const ROW_HEIGHT = 60;
const RUBRICS = { R1: "tool calls", R2: "capabilities", R3: "context" };
const KINDS = {
  user: "said by the user", system: "said in the system message", result: "read in a result", proposed: "proposed by the assistant and answered by the user",
  schema: "a choice of the tool's schema", derived: "derived", composed: "composed text", free: "free to choose", ungrounded: "comes from nowhere",
};
const FIELDS = ["document", "title", "asset", "outcome", "reason", "domains", "platform", "task", "language", "messages", "calls", "tools", "patterns", "findings", "generator"];
const FILTERS = [["shard", "Shard"], ["asset", "Last stage"], ["reason", "Reason"], ["domain", "Domain"], ["platform", "Platform"], ["task", "Task category"],
  ["pattern", "Pattern"], ["finding", "Finding"], ["language", "Language"], ["generator", "Made by"]];

const view = document.getElementById("view");
const note = document.getElementById("note");
const waiting = new Map();
const shards = new Map();
let rows = [];
let stages = [];
let ways = [];
let noDialogue = false;
let versions = new Map();
let found = [];
let leave = () => {};

/* ---------- data: packed scripts, loaded when they are looked at ---------- */

const gem = {
  async receive(kind, packed) {
    const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
    const value = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
    const key = kind === "index" ? kind : `${kind} ${value.shard}`;
    const taker = waiting.get(key);
    waiting.delete(key);
    if (taker) taker(value);
  },
};
globalThis.gem = gem;

function load(key, source) {
  return new Promise((resolve, reject) => {
    waiting.set(key, resolve);
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => script.remove();
    script.onerror = () => { script.remove(); reject(new Error(`${source.split("?")[0]} could not be read: \`gem report\` writes it`)); };
    document.head.append(script);
  });
}

async function loadShard(name) {
  if (!versions.has(name)) throw new Error(`there is no shard ${name} here: \`gem report\` brings this page up to date`);
  if (!shards.has(name)) {
    if (shards.size > 8) shards.delete(shards.keys().next().value);
    shards.set(name, await load(`shard ${name}`, `data/${name}.js?v=${versions.get(name)}`));
  }
  return shards.get(name);
}

function readIndex(index) {
  rows = [];
  versions = new Map();
  stages = index.stages;
  ways = index.ways;
  for (const [shard, version, entries] of index.shards) {
    versions.set(shard, version);
    entries.forEach((entry, place) => {
      const row = { shard, place };
      FIELDS.forEach((name, at) => { row[name] = entry[at]; });
      row.text = [row.title, row.document, row.reason, shard, ...row.domains, row.task].join(" ").toLowerCase();
      rows.push(row);
    });
  }
  noDialogue = rows.length > 0 && rows.every((row) => row.messages === null);
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/* The stages as they are declared: [asset, short name], and each way as the assets of its chain. */
const stageName = (asset) => (stages.find(([name]) => name === asset) || [asset, asset])[1];
const wayOf = (branch) => ways.find((way) => branch.stages.every((stage) => way.includes(stage.asset))) || branch.stages.map((stage) => stage.asset);

/* ---------- making elements ---------- */

function el(tag, about, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(about || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : name === "title" ? plain(value) : value);
  }
  made.append(...flat(children));
  return made;
}

// Every string on its way to the page passes through `shown`.
const flat = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
  .flatMap((child) => (typeof child === "string" && ACTS.test(child) ? shown(child) : [child]));
const fill = (node, ...children) => node.replaceChildren(...flat(children));

// Characters that act instead of showing: control, direction, invisible. Line feed and tab stay.
// eslint-disable-next-line no-control-regex
const ACTING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

const ACTS = new RegExp(ACTING.source, "u");

function shown(text) {
  const parts = [];
  let at = 0;
  for (const hit of String(text ?? "").matchAll(ACTING)) {
    const code = hit[0].codePointAt(0).toString(16);
    parts.push(text.slice(at, hit.index), el("span", { class: "acting", title: "a character that does not show" }, `\\u${code.padStart(4, "0")}`));
    at = hit.index + hit[0].length;
  }
  parts.push(String(text ?? "").slice(at));
  return parts;
}

const plain = (text) => String(text ?? "").replace(ACTING, (char) => `\\u${char.codePointAt(0).toString(16).padStart(4, "0")}`);

/* Text with marked ranges [start, end, class, act, title]; of overlapping ones the first wins. */
function marked(text, ranges) {
  const parts = [];
  let at = 0;
  for (const [start, end, name, act, title] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (start < at || end <= start || end > text.length) continue;
    parts.push(shown(text.slice(at, start)));
    const press = (event) => { if (event.key === "Enter") act(); };
    parts.push(el("mark", { class: `mark ${name}`, title, ...(act ? { role: "button", tabindex: "0", on: { click: act, keydown: press } } : {}) }, shown(text.slice(start, end))));
    at = end;
  }
  parts.push(shown(text.slice(at)));
  return parts;
}

// Spans count characters; strings here count UTF-16 units.
function units(text, span) {
  const place = (characters) => Array.from(text).slice(0, characters).join("").length;
  return [place(span[0]), place(span[1])];
}

const words = (name) => String(name ?? "").replaceAll("_", " ");
const number = (value) => (value ?? 0).toLocaleString("en-US");
const chip = (text, kind, title) => el("span", { class: `chip ${kind || ""}`, title }, shown(text));
const mono = (text) => el("code", {}, shown(text));
const things = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

function copyable(command) {
  return el("button", { class: "copy", type: "button", title: "copy", on: { click: (event) => {
    const button = event.currentTarget;
    const done = () => { button.classList.add("copied"); setTimeout(() => button.classList.remove("copied"), 1200); };
    if (navigator.clipboard) navigator.clipboard.writeText(command).then(done, () => {});
  } } }, mono(command));
}

/* ---------- routes ---------- */

const parameters = () => new URLSearchParams(location.hash.slice(1));
const link = (about) => `#${new URLSearchParams(Object.entries(about).filter(([, value]) => value))}`;

async function route() {
  leave();
  leave = () => {};
  note.hidden = true;
  const wanted = parameters();
  try {
    if (wanted.get("id") || wanted.get("n")) await showTrajectory(wanted);
    else if (wanted.get("history")) await showHistory(wanted.get("history"), wanted.get("asset"), wanted.get("run"));
    else showList(wanted);
  } catch (error) {
    fill(view, el("p", { class: "empty" }, plain(error.message)));
  }
}

/* ---------- the list ---------- */

function valuesOf(row, name) {
  if (name === "domain") return row.domains;
  if (name === "pattern") return row.patterns;
  if (name === "finding") return [...new Set(row.findings)];
  return row[name] === null || row[name] === undefined ? [] : [row[name]];
}

// Where no text became a dialogue, a list of dialogues would be empty and say nothing.
const showsAll = (wanted) => noDialogue || Boolean(wanted.get("all"));

function matches(row, wanted, but) {
  const query = (wanted.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
  const outcome = wanted.get("outcome");
  if (outcome && but !== "outcome" && row.outcome !== outcome) return false;
  if (!showsAll(wanted) && row.messages === null) return false;
  if (FILTERS.some(([name]) => name !== but && wanted.get(name) && !valuesOf(row, name).includes(wanted.get(name)))) return false;
  return query.every((word) => row.text.includes(word));
}

function counted(wanted, name) {
  const counts = new Map();
  for (const row of rows) {
    if (!matches(row, wanted, name)) continue;
    for (const value of valuesOf(row, name)) counts.set(value, (counts.get(value) || 0) + 1);
  }
  return [...counts].sort((a, b) => (name === "shard" ? (a[0] < b[0] ? -1 : 1) : b[1] - a[1]));
}

function change(wanted, name, value, replace) {
  const next = new URLSearchParams(wanted);
  if (value) next.set(name, value); else next.delete(name);
  if (replace) { history.replaceState(null, "", `#${next}`); return next; }
  location.hash = `#${next}`;
  return next;
}

function showList(wanted) {
  document.title = "Trajectories";
  const listing = el("div", { class: "listing", tabindex: "-1" });
  const count = el("p", { class: "count", "aria-live": "polite" });
  const search = el("input", { type: "search", placeholder: "Title, id, reason …", value: wanted.get("q") || "", "aria-label": "Search", on: { input: () => {
    wanted = change(wanted, "q", search.value, true);
    refresh();
  } } });
  const refresh = () => {
    found = rows.filter((row) => matches(row, wanted));
    listing.scrollTop = 0;
    count.textContent = `${things(found.length, showsAll(wanted) ? "branch" : "trajectory").replace("branchs", "branches").replace("trajectorys", "trajectories")} of ${number(rows.length)} branches`;
    drawRows(listing);
  };
  const side = el("aside", { class: "filters" }, search, outcomes(wanted), FILTERS.map(([name, title]) => picker(wanted, name, title)),
    el("label", { class: "check" }, el("input", { type: "checkbox", checked: showsAll(wanted), on: { change: (event) => change(wanted, "all", event.target.checked ? "1" : "") } }),
      "also what never became a dialogue"),
    [...wanted.keys()].length ? el("a", { class: "reset", href: "#" }, "Clear all") : null);
  view.className = "browse";
  fill(view, side, el("section", { class: "results" }, count, listing));
  refresh();
  const draw = () => drawRows(listing);
  addEventListener("resize", draw);
  const key = (event) => { if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); } };
  addEventListener("keydown", key);
  listing.addEventListener("scroll", draw, { passive: true });
  leave = () => { removeEventListener("resize", draw); removeEventListener("keydown", key); };
}

function outcomes(wanted) {
  const counts = new Map(counted(wanted, "outcome"));
  return el("div", { class: "outcomes", role: "group", "aria-label": "Outcome" }, ["", "kept", "rejected", "failed"].map((outcome) => el("button", {
    type: "button", class: `pick ${outcome}`, "aria-pressed": String((wanted.get("outcome") || "") === outcome), on: { click: () => change(wanted, "outcome", outcome) },
  }, outcome || "all", " ", el("small", {}, number(outcome ? counts.get(outcome) : [...counts.values()].reduce((a, b) => a + b, 0))))));
}

function picker(wanted, name, title) {
  const options = counted(wanted, name);
  if (options.length < 2 && !wanted.get(name)) return null;
  const chosen = wanted.get(name) || "";
  if (chosen && !options.some(([value]) => value === chosen)) options.push([chosen, 0]);
  return el("label", { class: chosen ? "picker chosen" : "picker" }, el("span", {}, title), el("select", { on: { change: (event) => change(wanted, name, event.target.value) } },
    el("option", { value: "" }, "any"), options.map(([value, count]) => el("option", { value, selected: value === chosen }, `${plain(value)} (${number(count)})`))));
}

function drawRows(listing) {
  if (!found.length) {
    fill(listing, el("p", { class: "empty" }, rows.length ? "Nothing matches. Clear a filter, or also show what never became a dialogue."
      : ["Nothing was materialised yet: ", el("code", {}, "gem ingest PATH --corpus NAME"), ", then ", el("code", {}, "gem run"), "."]));
    return;
  }
  const first = Math.max(0, Math.floor(listing.scrollTop / ROW_HEIGHT) - 6);
  const last = Math.min(found.length, first + Math.ceil((listing.clientHeight || innerHeight) / ROW_HEIGHT) + 12);
  // The sheet stays and its rows change: a list that is empty for a moment would lose its place.
  let sheet = listing.querySelector(".sheet");
  if (!sheet) fill(listing, sheet = el("div", { class: "sheet" }));
  sheet.style.height = `${found.length * ROW_HEIGHT}px`;
  fill(sheet, found.slice(first, last).map((row, at) => {
    const item = listRow(row);
    item.style.top = `${(first + at) * ROW_HEIGHT}px`;
    return item;
  }));
}

function listRow(row) {
  const size = row.messages === null ? "" : `${things(row.messages, "message")}, ${things(row.calls, "call")}`;
  return el("a", { class: `row ${row.outcome}`, href: link({ shard: row.shard, n: String(row.place + 1) }) },
    el("span", { class: "title", dir: "auto" }, shown(row.title)), el("span", { class: "size" }, size),
    el("span", { class: "about" }, [row.domains.slice(0, 2).map(words).join(", "), words(row.task), row.shard].filter(Boolean).join(" · ")),
    el("span", { class: "end" }, row.outcome === "kept" ? `kept by ${stageName(row.asset)}` : shown(row.reason), row.findings.length && row.outcome === "kept" ? chip(things(row.findings.length, "finding"), "advice") : null));
}

/* ---------- one trajectory ---------- */

async function showTrajectory(wanted) {
  const name = wanted.get("shard") || (rows.find((row) => row.document === wanted.get("id")) || {}).shard;
  if (!name) throw new Error("this link names no shard, and no document has this id");
  const shard = await loadShard(name);
  const place = wanted.get("n") ? Number(wanted.get("n")) - 1 : branchOf(shard, wanted.get("id"));
  const branch = shard.branches[place];
  if (!branch) throw new Error(`nothing with the id ${wanted.get("id") || wanted.get("n")} is in ${name}: it may be gone since`);
  const source = shard.documents[branch.document];
  const page = { name, place, branch, source, mode: wanted.get("show") || "final", tab: wanted.get("tab") || "source", messages: new Map(), rules: [], passages: [] };
  document.title = `${plain(source.title || source.source)} · Trajectories`;
  view.className = "reading";
  fill(view, heading(page), el("div", { class: "desk" }));
  drawDesk(page);
  scrollTo(0, 0);
  const key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /input|select/i.test(event.target.tagName)) return;
    if (event.key === "j" || event.key === "k") step(page, event.key === "j" ? 1 : -1);
  };
  addEventListener("keydown", key);
  leave = () => removeEventListener("keydown", key);
}

// A record of any stage names its branch; of a document's branches the one that came furthest.
function branchOf(shard, id) {
  let best = -1;
  shard.branches.forEach((branch, place) => {
    const hit = branch.document === id || branch.stages.some((stage) => stage.id === id);
    if (hit && (best < 0 || branch.stages.length > shard.branches[best].stages.length)) best = place;
  });
  return best;
}

function step(page, by) {
  const list = found.length ? found : rows.filter((row) => row.messages !== null);
  const at = list.findIndex((row) => row.shard === page.name && row.place === page.place);
  const next = list[at + by];
  if (at >= 0 && next) location.hash = link({ shard: next.shard, n: String(next.place + 1), show: page.mode === "final" ? "" : page.mode, tab: page.tab === "source" ? "" : page.tab });
}

function heading(page) {
  const { branch, source, name } = page;
  const last = branch.stages.at(-1);
  const back = el("a", { class: "back", href: "#", on: { click: (event) => { if (history.length > 1 && found.length) { event.preventDefault(); backToList(); } } } }, "← all");
  return el("header", { class: "head" },
    el("div", { class: "crumbs" }, back, el("a", { href: link({ history: name }) }, name), copyable(`gem audit ${last.id}`),
      el("span", { class: "steps" }, el("button", { type: "button", title: "previous (k)", "aria-label": "previous", on: { click: () => step(page, -1) } }, "‹"), el("button", { type: "button", title: "next (j)", "aria-label": "next", on: { click: () => step(page, 1) } }, "›"))),
    el("h1", { dir: "auto" }, shown(source.title || source.source)),
    branch.summary ? el("p", { class: "summary", dir: "auto" }, shown(branch.summary)) : null,
    el("p", { class: "facts" }, (branch.domains || []).map((domain) => chip(words(domain))), branch.task_category ? chip(words(branch.task_category)) : null,
      branch.platform ? chip(branch.platform) : null, chip(source.language), chip(branch.generator || "rules alone")),
    rail(branch), verdict(page), modes(page));
}

let listHash = "#";
function backToList() { location.hash = listHash; }

function rail(branch) {
  return el("ol", { class: "rail" }, wayOf(branch).map((asset) => {
    const stage = branch.stages.find((one) => one.asset === asset);
    const title = stage ? [stage.prompt, stage.model].filter(Boolean).join("\n") : "not reached";
    return el("li", { class: stage ? stage.outcome : "unreached", title: plain(title) }, el("b", {}, stageName(asset)), el("small", {}, stage ? stage.outcome : "-"));
  }));
}

function verdict(page) {
  const { branch } = page;
  const last = branch.stages.at(-1);
  const parts = [];
  if (last.outcome !== "kept") {
    parts.push(el("div", { class: `verdict ${last.outcome}` }, el("b", {}, shown(last.reason)), " ", el("span", { class: "quiet" }, `${last.outcome} by ${stageName(last.asset)}`),
      last.evidence ? el("pre", { class: "evidence", dir: "auto" }, shown(last.evidence)) : null));
  }
  if (branch.refinement_fallback) parts.push(el("div", { class: "verdict" }, el("b", {}, "The draft stands in for its refinement: "), shown(branch.refinement_fallback)));
  const findings = (branch.findings || []).filter((finding) => finding.message === null || finding.message === undefined);
  if (findings.length) parts.push(el("div", { class: "whole" }, findings.map((finding) => findingBox(finding, page))));
  if (branch.judgement) parts.push(judgement(branch.judgement, branch.verification, last.outcome === "kept"));
  return parts;
}

function judgement(judged, measured, kept) {
  const share = (value) => (value === null || value === undefined ? "–" : `${Math.round(value * 100)} %`);
  return el("p", { class: "judge" }, el("b", {}, "Judge: "), judged.status === "not run (no model)" ? `not run (no model)${kept ? "; the rules alone passed it" : ""}` : [shown(judged.status), judged.model ? ` by ${plain(judged.model)}` : ""],
    judged.scores.map((score) => el("span", { class: score.score ? "score good" : "score bad", title: plain(score.explanation) }, `${RUBRICS[score.rubric] || score.rubric} ${score.score}`)),
    judged.scores.filter((score) => !score.score && score.explanation).map((score) => el("span", { class: "explained" }, shown(score.explanation))),
    (judged.votes || []).map((vote) => el("span", { class: "explained" }, `${judged.rule} vote of ${plain(vote.model || "?")}: `, vote.scores.length ? vote.scores.map((score) => `${score.rubric} ${score.score}`).join(", ") : shown(`no verdict, ${vote.missing}`))),
    measured && measured.argument_count ? el("span", { class: "quiet" }, `values with a source: ${share(measured.grounded_share)}; rules with a source: ${share(measured.sourced_share)}`) : null);
}

function modes(page) {
  const { branch } = page;
  if (!branch.messages.length) return null;
  const options = branch.draft ? [["final", capital(words(branch.version))], ["draft", "Draft"], ["both", "Side by side"]] : [];
  const growth = branch.draft && branch.draft_shape && branch.shape ? `refined from ${branch.draft_shape.message_count} to ${branch.shape.message_count} messages, ${branch.draft_shape.call_count} to ${branch.shape.call_count} calls` : "";
  return el("div", { class: "modes" }, options.length ? el("div", { class: "segments", role: "group", "aria-label": "Version" }, options.map(([mode, title]) => el("button", {
    type: "button", "data-mode": mode, "aria-pressed": String(page.mode === mode), on: { click: (event) => {
      page.mode = mode;
      for (const button of event.currentTarget.parentElement.children) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
      drawDesk(page);
    } },
  }, title))) : null, el("span", { class: "quiet" }, growth), (branch.shape ? branch.shape.patterns : []).map((pattern) => chip(words(pattern), "pattern")));
}

function drawDesk(page) {
  const { branch } = page;
  const desk = view.querySelector(".desk");
  note.hidden = true;
  desk.className = `desk ${page.mode === "both" && branch.draft ? "both" : ""}`;
  page.rules = constraintsOf(page);
  page.passages = passagesOf(page);
  if (page.mode === "both" && branch.draft) {
    const drafted = new Set(branch.draft.messages.map(fingerprint));
    fill(desk, 
      el("section", { class: "column" }, el("h2", {}, "Draft"), conversation(page, branch.draft.messages, branch.draft.tools, false)),
      el("section", { class: "column" }, el("h2", {}, "Refined ", el("small", { class: "quiet" }, "what refinement wrote is marked")), conversation(page, branch.messages, branch.tools, true, drafted)));
    return;
  }
  const draft = page.mode === "draft" && branch.draft;
  const talk = !branch.messages.length ? el("p", { class: "empty" }, "No dialogue came of this document.") : draft
    ? conversation(page, branch.draft.messages, branch.draft.tools, false) : conversation(page, branch.messages, branch.tools, true);
  fill(desk, el("section", { class: "column talk" }, talk), el("aside", { class: "panel" }));
  drawPanel(page);
}

const fingerprint = (message) => JSON.stringify([message.role, message.content, message.tool_calls.map((call) => [call.name, call.arguments])]);

/* ---------- the conversation ---------- */

function conversation(page, messages, tools, judged, drafted) {
  const byName = new Map([...(page.branch.workflow.tools || []), ...tools].map((tool) => [tool.name, tool]));
  const called = new Map(messages.flatMap((message) => message.tool_calls.map((call) => [call.call_id, call])));
  const findings = judged ? page.branch.findings || [] : [];
  const sources = judged ? page.branch.argument_sources || [] : [];
  if (judged) page.messages = new Map();
  return el("ol", { class: "talk-list" }, messages.map((message, index) => {
    const mine = findings.filter((finding) => finding.message === index);
    const spans = mine.filter((finding) => finding.span && message.role !== "tool").map((finding) => [...units(message.content, finding.span), `flaw ${finding.level}`, null, plain(finding.reason)]);
    const body = el("div", { class: "text", dir: "auto" });
    const draw = (extra) => fill(body, marked(message.content, [...(extra || []), ...spans]));
    draw();
    const item = el("li", { class: `message ${message.role} ${drafted && !drafted.has(fingerprint(message)) ? "added" : ""}` },
      el("div", { class: "who" }, message.role === "tool" ? el("span", {}, "result of ", mono((called.get(message.call_id) || {}).name || "an unknown call")) : message.role, el("span", { class: "at" }, String(index))),
      message.role === "tool" ? result(message.content) : message.role === "system" ? folded(body, message.content) : message.content ? body : null,
      message.tool_calls.map((call) => callCard(page, call, byName.get(call.name), sources.filter((one) => one.call_message === index && one.call_id === call.call_id), mine)),
      mine.map((finding) => findingBox(finding, page)));
    if (judged) page.messages.set(index, { item, draw, content: message.content });
    return item;
  }));
}

function folded(body, text) {
  if (text.length < 900) return body;
  return el("details", { class: "fold", open: text.length < 2400 }, el("summary", {}, `${number(text.length)} characters`), body);
}

function findingBox(finding, page) {
  const jump = (index) => el("button", { class: "jump", type: "button", on: { click: () => reveal(page, index, {}) } }, `message ${index}`);
  return el("div", { class: `finding ${finding.level || "error"}` }, el("b", {}, shown(finding.reason)), " ", el("small", {}, `${finding.kind || "rule"}, ${finding.level || "error"}`),
    el("span", { class: "said", dir: "auto" }, shown(finding.evidence)), finding.path ? mono(finding.path) : null,
    finding.other_message !== null && finding.other_message !== undefined ? [" against ", jump(finding.other_message)] : null);
}

function leaves(value, path = "$", label = "", depth = 0, out = []) {
  if (value !== null && typeof value === "object" && depth < 30 && (Array.isArray(value) ? value.length : Object.keys(value).length)) {
    const list = Array.isArray(value);
    for (const [key, child] of Object.entries(value)) leaves(child, list ? `${path}[${key}]` : `${path}.${key}`, list ? `${label}[${key}]` : label ? `${label}.${key}` : key, depth + 1, out);
  } else out.push({ path, label, value });
  return out;
}

function schemaAt(schema, path) {
  let node = schema;
  for (const part of path.slice(1).match(/\.[^.[]+|\[\d+\]/g) || []) {
    if (node && typeof node.$ref === "string") node = ((schema.$defs || schema.definitions || {})[node.$ref.split("/").pop()]);
    if (!node || typeof node !== "object") return null;
    node = part[0] === "[" ? node.items : Object.hasOwn(node.properties || {}, part.slice(1)) ? node.properties[part.slice(1)] : null;
  }
  return node && typeof node === "object" ? node : null;
}

function told(schema) {
  if (!schema) return "not in the schema";
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "";
  const limits = ["minimum", "maximum", "minLength", "maxLength", "pattern", "format"].filter((name) => schema[name] !== undefined && !(name === "minLength" && schema[name] === 1)).map((name) => `${name} ${schema[name]}`);
  const choices = Array.isArray(schema.enum) ? [`one of ${schema.enum.map(String).join(", ")}`] : [];
  return [[type, ...choices, ...limits].filter(Boolean).join(", "), schema.description || ""].filter(Boolean).join(" · ");
}

function callCard(page, call, tool, sources, findings) {
  const given = leaves(call.arguments);
  const rules = page.rules.filter((rule) => rule.tool === call.name);
  return el("div", { class: "call" },
    el("div", { class: "name" }, el("button", { type: "button", class: "tool-name", title: tool ? plain(tool.description) : "this tool is not offered", on: { click: () => openTab(page, "tools", `tool ${call.name}`) } }, shown(call.name)),
      tool ? el("span", { class: "quiet does", dir: "auto" }, shown(tool.description)) : chip("not offered", "bad"),
      rules.map((rule) => el("button", { class: "rule-chip", type: "button", title: plain(rule.rule), on: { click: () => openTab(page, "source", `rule ${rule.number}`) } }, `rule ${rule.number}`))),
    call.malformed ? el("pre", { class: "evidence" }, shown(call.malformed)) : null,
    given.length === 1 && given[0].path === "$" ? null : el("table", {}, el("tbody", {}, given.map((leaf) => {
      const source = sources.find((one) => one.path === leaf.path);
      const bad = findings.some((finding) => finding.path === leaf.path);
      return el("tr", {}, el("th", { scope: "row" }, shown(leaf.label)), el("td", { class: bad ? "value bad" : "value" }, sourced(page, leaf.value, source)), el("td", { class: "schema" }, shown(told(tool ? schemaAt(tool.parameters, leaf.path) : null))));
    }))));
}

function sourced(page, value, source) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const kind = value === null ? "null" : typeof value;
  if (!source) return el("span", { class: `leaf ${kind}`, dir: "auto" }, shown(text));
  return el("button", { type: "button", class: `leaf ${kind} from ${source.kind}`, dir: "auto", title: KINDS[source.kind] || source.kind, on: { click: (event) => follow(page, source, text, event.currentTarget) } }, shown(text));
}

/* Click a value, see where it came from. */
function follow(page, source, text, button) {
  const where = source.message === null || source.message === undefined ? "" : `, message ${source.message}`;
  const how = source.derivation ? ` (${plain(source.derivation)})` : "";
  const path = source.source_path ? ` at ${plain(source.source_path)}` : "";
  fill(note, el("b", {}, shown(text.slice(0, 80))), ` ${KINDS[source.kind] || source.kind}${how}${where}${path}`,
    el("button", { type: "button", on: { click: () => { note.hidden = true; button.scrollIntoView({ block: "center", behavior: "smooth" }); flash(button); } } }, "back to the call"),
    el("button", { type: "button", "aria-label": "close", on: { click: () => { note.hidden = true; } } }, "×"));
  note.className = source.kind;
  note.hidden = false;
  if (where) reveal(page, source.message, source);
}

function reveal(page, index, source) {
  const entry = page.messages.get(index);
  if (!entry) return;
  for (const fold of entry.item.querySelectorAll("details")) fold.open = true;
  let target = entry.item;
  const leaf = source.source_path ? [...entry.item.querySelectorAll("[data-path]")].find((one) => one.dataset.path === source.source_path) : null;
  if (leaf) target = leaf;
  else if (source.span && !entry.item.classList.contains("tool")) {
    entry.draw([[...units(entry.content, source.span), "origin"]]);
    target = entry.item.querySelector(".origin") || entry.item;
  }
  target.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  flash(target);
}

function flash(target) {
  for (const one of document.querySelectorAll(".lit")) one.classList.remove("lit");
  target.classList.add("lit");
}

/* ---------- results ---------- */

function result(text) {
  let value;
  try { value = JSON.parse(text); } catch { return el("pre", { class: "json", dir: "auto" }, shown(text)); }
  if (value === null || typeof value !== "object") return el("pre", { class: "json" }, atom(value, "$"));
  const failed = Object.hasOwn(value, "error");
  const tree = el("pre", { class: failed ? "json failed" : "json" }, json(value, "$", 0));
  const lines = leaves(value).length;
  return lines > 14 ? el("details", { class: "fold", open: lines < 40 }, el("summary", {}, things(lines, "value")), tree) : tree;
}

function json(value, path, depth) {
  if (value === null || typeof value !== "object") return atom(value, path);
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  if (!entries.length) return list ? "[]" : "{}";
  if (depth > 30) return shown(JSON.stringify(value));
  const simple = list && value.every((one) => one === null || typeof one !== "object") && JSON.stringify(value).length < 70;
  const inner = "  ".repeat(depth + 1);
  return [list ? "[" : "{", entries.map(([key, child], at) => [simple ? (at ? " " : "") : `\n${inner}`, list ? "" : [el("span", { class: "key" }, shown(key)), ": "],
    json(child, list ? `${path}[${key}]` : `${path}.${key}`, depth + 1), at < entries.length - 1 ? "," : ""]), simple ? "" : `\n${"  ".repeat(depth)}`, list ? "]" : "}"];
}

const atom = (value, path) => el("span", { class: `leaf ${value === null ? "null" : typeof value}`, "data-path": path, dir: typeof value === "string" ? "auto" : null }, shown(typeof value === "string" ? JSON.stringify(value) : String(value)));

/* ---------- the panel beside: source, rules, steps, tools ---------- */

// A sentence may be broken over lines in the text it was taken from.
function locate(text, sentence) {
  const at = text.indexOf(sentence);
  if (at >= 0) return [at, at + sentence.length];
  const parts = sentence.trim().split(/\s+/).filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!parts.length || parts.length > 200) return null;
  const hit = new RegExp(parts.join("\\s+"), "iu").exec(text);
  return hit ? [hit.index, hit.index + hit[0].length] : null;
}

function constraintsOf(page) {
  return (page.branch.workflow.constraints || []).map((rule, at) => ({ ...rule, number: at + 1, place: locate(page.source.text, rule.sentence || "") }));
}

/* The passage of the source that shares most words with a step; none where less than half of them. */
function passagesOf(page) {
  const sentences = [...page.source.text.matchAll(/[^.!?\n。！？]+[.!?。！？]*/gu)].map((hit) => ({ start: hit.index, end: hit.index + hit[0].length, words: bag(hit[0]) }));
  return (page.branch.workflow.steps || []).map((step) => {
    const exact = locate(page.source.text, step);
    if (exact) return exact;
    const mine = bag(step);
    let best = null, most = 0.5;
    for (const sentence of sentences) {
      const shared = [...mine].filter((word) => sentence.words.has(word)).length / (mine.size || 1);
      if (shared > most) { most = shared; best = [sentence.start, sentence.end]; }
    }
    return best;
  });
}

const bag = (text) => new Set((text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) || []).filter((word) => !/^step\d*$/.test(word) && !["the", "and", "for", "with", "you", "your", "that", "this"].includes(word)));

const TABS = [["source", "Source"], ["rules", "Rules"], ["steps", "Steps"], ["tools", "Tools"], ["record", "Record"]];

function drawPanel(page, focus) {
  const panel = view.querySelector(".panel");
  if (!panel) return;
  const { branch } = page;
  const counts = { rules: page.rules.length, steps: (branch.workflow.steps || []).length, tools: branch.tools.length || (branch.workflow.tools || []).length };
  const tabs = TABS.filter(([name]) => counts[name] !== 0);
  if (!tabs.some(([name]) => name === page.tab)) page.tab = "source";
  const body = el("div", { class: "panel-body", tabindex: "0" }, { source: sourceTab, rules: rulesTab, steps: stepsTab, tools: toolsTab, record: recordTab }[page.tab](page, focus));
  fill(panel, el("div", { class: "tabs", role: "tablist" }, tabs.map(([name, title]) => el("button", { type: "button", role: "tab", "aria-selected": String(page.tab === name), on: { click: () => openTab(page, name) } },
    title, counts[name] ? el("small", {}, String(counts[name])) : null))), body);
  const target = body.querySelector(".wanted");
  if (target) { body.scrollTop = target.offsetTop - body.clientHeight / 3; flash(target); }
}

function openTab(page, tab, focus) {
  if (page.mode === "both") return;
  page.tab = tab;
  drawPanel(page, focus);
}

function sourceTab(page, focus) {
  const { source } = page;
  const ranges = [];
  if (focus && focus.startsWith("step ")) {
    const passage = page.passages[Number(focus.slice(5)) - 1];
    if (passage) ranges.push([...passage, "step wanted"]);
  }
  const overlaps = ([start, end]) => ranges.some((range) => range[0] < end && start < range[1]);
  for (const rule of page.rules) {
    if (!rule.place || overlaps(rule.place)) continue;
    const wanted = focus === `rule ${rule.number}`;
    ranges.push([...rule.place, `rule ${wanted ? "wanted" : ""}`, () => openTab(page, "rules", `rule ${rule.number}`), `rule ${rule.number}: ${plain(rule.rule)}`]);
  }
  const safe = /^https?:\/\//i.test(source.url || "");
  return [el("p", { class: "quiet where" }, shown([source.corpus, source.source, source.place, source.license].filter(Boolean).join(" · ")), safe ? [" · ", el("a", { href: source.url, rel: "noopener noreferrer nofollow", target: "_blank" }, "original")] : null),
    el("div", { class: "source", dir: "auto" }, marked(source.text || "", ranges)), source.left_out ? el("p", { class: "quiet" }, `${number(source.left_out)} more characters: gem audit ${page.branch.document}`) : null];
}

function rulesTab(page, focus) {
  return el("ol", { class: "rules" }, page.rules.map((rule) => el("li", { class: focus === `rule ${rule.number}` ? "wanted" : null }, el("p", { dir: "auto" }, shown(rule.rule)),
    rule.tool || rule.predicate ? el("p", {}, rule.tool ? chip(rule.tool, "mono") : null, rule.predicate ? mono(rule.predicate) : null) : null,
    rule.place ? el("button", { class: "jump", type: "button", on: { click: () => openTab(page, "source", `rule ${rule.number}`) } }, "show in the source") : el("span", { class: "quiet" }, "its sentence does not stand in the source: ", shown(rule.sentence)))));
}

function stepsTab(page) {
  const graph = (page.branch.workflow.execution_graph || []).map((edge) => el("li", {}, mono(edge.source), " → ", mono(edge.target)));
  return [page.branch.workflow.description ? el("p", { class: "quiet", dir: "auto" }, shown(page.branch.workflow.description)) : null,
    el("ol", { class: "rules" }, page.branch.workflow.steps.map((step, at) => el("li", {}, el("p", { dir: "auto" }, shown(step)),
      page.passages[at] ? el("button", { class: "jump", type: "button", on: { click: () => openTab(page, "source", `step ${at + 1}`) } }, "closest passage") : el("span", { class: "quiet" }, "no passage shares half of its words")))),
    graph.length ? [el("h3", {}, "Execution graph"), el("ul", { class: "graph" }, graph)] : null];
}

function toolsTab(page, focus) {
  const tools = page.branch.tools.length ? page.branch.tools : page.branch.workflow.tools || [];
  const drafted = new Set((page.branch.draft ? page.branch.draft.tools : tools).map((tool) => tool.name));
  const used = new Set(page.branch.messages.flatMap((message) => message.tool_calls.map((call) => call.name)));
  return tools.map((tool) => el("details", { class: "tool-box", open: focus === `tool ${tool.name}` }, el("summary", { class: focus === `tool ${tool.name}` ? "wanted" : null }, mono(tool.name), drafted.has(tool.name) ? null : chip("added by refinement", "pattern"), used.has(tool.name) ? null : chip("not called")),
    el("p", { dir: "auto" }, shown(tool.description)), el("pre", { class: "json" }, json(tool.parameters, "$", 0))));
}

function recordTab(page) {
  return page.branch.stages.map((stage) => el("div", { class: "record" }, el("h3", {}, stage.asset, " ", chip(stage.outcome, stage.outcome)),
    el("p", {}, stage.reason ? mono(stage.reason) : null, stage.prompt ? mono(stage.prompt) : null, stage.model ? mono(stage.model) : null), measures(stage), copyable(`gem audit ${stage.id}`)));
}

function measures(stage) {
  const told = stage.measures.map(([name, before, value]) => (before === null ? `${value} ${name}` : `${before} → ${value} ${name}`));
  return told.length ? el("p", { class: "quiet" }, told.join(", ")) : null;
}

/* ---------- the history of a shard ---------- */

async function showHistory(name, asset, run) {
  if (!versions.has(name)) throw new Error(`there is no shard ${name} here: \`gem report\` brings this page up to date`);
  const told = await load(`history ${name}`, `runs/${name}.js?t=${Date.now()}`);
  document.title = `${name} · Trajectories`;
  view.className = "history";
  fill(view, el("div", { class: "crumbs" }, el("a", { class: "back", href: listHash }, "← all"), el("a", { href: link({ shard: name, all: "1" }) }, "its documents"), el("a", { href: link({ shard: name, outcome: "rejected", all: "1" }) }, "its rejections"),
    copyable(`gem sql --live "FROM rejections WHERE shard = '${name}'"`)),
  el("h1", {}, name), stages.map(([one]) => one).filter((one) => told.stages[one]).map((one) => stageHistory(name, one, told.stages[one], one === asset, run)));
  const wanted = view.querySelector(".wanted");
  if (wanted) wanted.scrollIntoView({ block: "start" });
}

function stageHistory(name, asset, runs, wanted, run) {
  return el("section", { class: wanted ? "stage wanted" : "stage" }, el("h2", {}, asset, el("span", { class: "quiet" }, things(runs.length, "run"))),
    el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ["ended (UTC)", "inputs", "kept", "rejected", "failed", "yield", "made with", "what changed"].map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, runs.map((one, at) => runRow(name, one, at === 0, one.run_id === run)))))); 
}

function runRow(name, run, current, asked) {
  const judged = run.kept + run.rejected;
  const cost = run.cost === null ? "cost unknown" : `$${run.cost.toFixed(4)}`;
  return el("tr", { class: `${current ? "current" : ""} ${asked ? "asked" : ""}` }, el("th", { scope: "row" }, run.finished_at.slice(0, 16).replace("T", " "), el("small", {}, `run ${plain(run.run_id).slice(0, 8)}${current ? ", current" : ""}`)),
    [run.inputs, run.kept, run.rejected, run.failed].map((value) => el("td", { class: "n" }, number(value))), el("td", { class: "n" }, judged ? `${((100 * run.kept) / judged).toFixed(1)}%` : "-"),
    el("td", {}, [...run.prompt_versions, run.model || "asks no model"].map((text) => el("small", {}, shown(text))), el("small", { class: "quiet" }, `code ${plain(run.code_version).slice(0, 8)} · ${number(run.input_tokens)} tokens in, ${number(run.output_tokens)} out · ${cost} · ${run.seconds.toFixed(1)} s`)),
    el("td", {}, changes(name, run)));
}

function changes(name, run) {
  if (run.first) return el("span", { class: "quiet" }, "the first");
  if (!run.changes) return el("span", { class: "quiet" }, "the version before is not kept");
  const counts = run.changes.counts;
  const total = ["new", "gone", "outcome", "reason", "content"].map((kind) => counts[kind] || 0);
  if (!total.some(Boolean)) return el("span", { class: "quiet" }, "nothing: every record is as it was");
  const told = [[counts.new, "new"], [counts.gone, "gone"], [counts.outcome, "with another outcome"], [counts.reason, "with another reason"], [counts.content, "with other content"], [counts.same, "as before"]].filter(([count]) => count).map(([count, what]) => `${number(count)} ${what}`);
  return [told.join(", "), run.changes.records.length ? el("details", {}, el("summary", {}, "which"), el("ul", {}, run.changes.records.map((one) => el("li", {}, el("a", { href: link({ shard: name, id: one.record_id }) }, one.record_id.slice(0, 8)),
    ` ${one.reason_before || one.outcome_before || "-"} → ${one.reason_after || one.outcome_after || "-"}`)))) : null];
}

/* ---------- start ---------- */

addEventListener("hashchange", (event) => {
  const left = new URL(event.oldURL).hash || "#";
  if (!/[#&](id|n|history)=/.test(left)) listHash = left;
  route();
});
load("index", `index.js?t=${Date.now()}`).then((index) => { readIndex(index); found = rows.filter((row) => matches(row, new URLSearchParams())); return route(); })
  .catch((error) => fill(view, el("p", { class: "empty" }, plain(error.message))));
