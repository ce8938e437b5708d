// The chat page. It shows what the control API tells and sends what the person does; it keeps no state of its own.

const $ = (id) => document.getElementById(id);
const rupiah = (amount) => "Rp" + amount.toLocaleString("id-ID");
const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const POLL_S = 25;
const AT_LEAST_MS = 150;

const here = { person: null, bot: null };
const seen = JSON.parse(sessionStorage.getItem("seen") ?? "{}");
let world = { version: 0, bots: [], users: [], chats: [] };
let chat = null;
let transactions = [];
let near = null;
let follow = false;
let isAtEnd = true;
const pageOpenedAt = new Date().toISOString();
const shownToasts = new Set();
const opened = new Set();

/** An element with properties and children; text is never read as HTML. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "style" || name.startsWith("aria-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

async function ask(path, options) {
  const answer = await fetch("/sandbox" + path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ?? answer.statusText);
  return body;
}

const tell = (path, body = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Does something and shows why if it is refused. */
async function attempt(work) {
  try {
    await work();
    follow = true;
    await refresh();
  } catch (error) {
    toast(error.message);
  }
}

const chatPath = (rest = "") => `/chats/${here.bot}/${here.person}${rest}`;

// ——— looking

async function refresh() {
  world = await ask("");
  choose();
  const wanted = here.bot && here.person ? chatPath() : null;
  [chat, { transactions }] = await Promise.all([wanted ? ask(wanted) : null, ask("/pakasir/transactions")]);
  if (wanted && wanted !== chatPath()) return;
  showPeople();
  showBots();
  showChat();
  showBank();
}

/** Keeps the choice in the address, so that a page can be sent to someone or reloaded. */
function choose() {
  const [person, bot] = location.hash.slice(1).split("/");
  const known = world.users.find((user) => String(user.id) === person) ?? world.users[0];
  const account = world.bots.find((other) => other.username === bot) ?? world.bots[0];
  here.person = known?.id ?? null;
  here.bot = account?.username ?? null;
}

function go(person, bot) {
  location.hash = `${person}/${bot}`;
  near = null;
}

async function live() {
  for (;;) {
    try {
      const { version } = await ask(`/changes?after=${world.version}&wait_s=${POLL_S}`);
      if (version !== world.version) await refresh();
      await new Promise((done) => setTimeout(done, AT_LEAST_MS));
    } catch {
      $("bot-state").textContent = "the sandbox is away; trying again";
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

// ——— people and chats

function avatar(name) {
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  return make("span", { className: "avatar", style: `--hue: ${hue}`, ariaHidden: "true" }, [...name][0]?.toUpperCase() ?? "?");
}

const summary = (person, bot) => world.chats.find((one) => one.user === person && one.bot === bot);
const unread = (one) => (one ? Math.max(0, one.from_bot - (seen[`${one.user}/${one.bot}`] ?? 0)) : 0);

function entry(name, line, count, isCurrent, act) {
  const badge = count > 0 ? make("span", { className: "unread" }, String(count)) : null;
  const names = make("span", { className: "names" }, make("strong", {}, name), make("span", { className: "quiet" }, line));
  return make("button", { type: "button", onclick: act, "aria-current": String(isCurrent) }, avatar(name), names, badge);
}

function showPeople() {
  $("people").replaceChildren(
    ...world.users.map((user) => {
      const count = world.bots.reduce((sum, bot) => sum + unread(summary(user.id, bot.username)), 0);
      const isMe = user.id === here.person;
      return entry(user.first_name, `id ${user.id}`, isMe ? 0 : count, isMe, () => go(user.id, here.bot));
    }),
  );
  if (world.users.length === 0) $("people").append(make("p", { className: "nothing" }, "Nobody yet. POST /sandbox/users adds a person."));
}

function showBots() {
  $("bots").replaceChildren(
    ...world.bots.map((bot) => {
      const one = summary(here.person, bot.username);
      const isOpen = bot.username === here.bot;
      const line = one?.last_text?.split("\n")[0] || (one?.last_at ? "a photo or file" : "no messages");
      return entry(bot.username, line, isOpen ? 0 : unread(one), isOpen, () => go(here.person, bot.username));
    }),
  );
}

// ——— the chat

function showChat() {
  const list = $("messages");
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  $("bot-avatar").replaceWith(Object.assign(avatar(here.bot ?? "?"), { id: "bot-avatar" }));
  $("bot-name").textContent = here.bot ?? "no bot";
  if (!chat) return list.replaceChildren();
  const isTyping = chat.action && Date.now() - Date.parse(chat.action.at) < 5000;
  $("bot-state").textContent = chat.blocked ? "you blocked this bot" : isTyping ? "typing…" : "bot";
  $("block").textContent = chat.blocked ? "Unblock" : "Block";
  const visible = chat.messages.filter((message) => !message.deleted);
  let day = null;
  const rows = visible.flatMap((message) => {
    const on = new Date(message.date).toLocaleDateString([], { day: "numeric", month: "long" });
    const first = on !== day;
    day = on;
    return first ? [make("li", { className: "day" }, on), showMessage(message)] : [showMessage(message)];
  });
  if (rows.length === 0) rows.push(make("li", { className: "welcome" }, chat.description || "No messages here yet. Press START."));
  list.replaceChildren(...rows);
  const key = `${here.person}/${here.bot}`;
  const isOther = list.dataset.key !== key;
  isAtEnd = wasAtEnd || isOther || follow;
  keepAtEnd();
  list.dataset.key = key;
  follow = false;
  seen[key] = chat.messages.filter((message) => message.from === "bot").length;
  sessionStorage.setItem("seen", JSON.stringify(seen));
  showKeyboards();
  showAnswers();
}

/** A picture has its height only once it is loaded. */
function keepAtEnd() {
  if (isAtEnd) $("messages").scrollTop = $("messages").scrollHeight;
}

function showMessage(message) {
  const bubble = make("div", { className: "bubble" });
  if (message.forwarded) bubble.append(make("div", { className: "reply" }, "Forwarded"));
  const replied = chat.messages.find((other) => other.message_id === message.reply_to);
  if (replied) bubble.append(make("div", { className: "reply" }, replied.text.slice(0, 80) || "a picture"));
  if (message.photo) bubble.append(...showPhoto(message));
  if (message.document) {
    bubble.append(make("a", { className: "document", href: message.document.url, download: message.document.name }, "⬇ " + message.document.name));
  }
  if (opened.has(message.message_id)) {
    for (const former of message.history) bubble.append(make("div", { className: "former" }, `until ${clock(former.until)}\n${former.file ? `📄 ${former.file}\n` : ""}${former.text}`));
  }
  const edited = message.history.length
    ? make("button", { type: "button", title: "Show what stood here before", onclick: () => toggleHistory(message.message_id) }, "edited")
    : null;
  const when = make("span", { className: "when" }, edited, edited ? " " : "", (message.pinned ? "📌 " : "") + clock(message.date));
  bubble.append(make("span", { className: "words" }, ...styled(message.text, message.entities)), when);
  const rows = message.buttons.map((row) => make("div", { className: "row" }, ...row.map((button) => showButton(message, button))));
  return make("li", { className: message.from === "user" ? "message mine" : "message" }, bubble, ...rows);
}

function showPhoto(message) {
  const image = make("img", { src: message.photo.url, alt: "", onload: keepAtEnd });
  if (message.photo.width_px) Object.assign(image, { width: message.photo.width_px, height: message.photo.height_px });
  const photo = make("button", { type: "button", className: "photo", title: "Enlarge", onclick: () => enlarge(message.photo.url) }, image);
  const isPayable = message.from === "bot" && transactions.some((transaction) => transaction.open);
  if (!isPayable) return [photo];
  return [photo, make("button", { type: "button", className: "pay", onclick: () => openBank(message) }, "Pay this QR")];
}

function toggleHistory(id) {
  if (!opened.delete(id)) opened.add(id);
  showChat();
}

function enlarge(url) {
  $("picture").querySelector("img").src = url;
  $("picture").showModal();
}

/** A text with its entities. Offsets are in UTF-16 units, as are JavaScript's. Entities nest, they never cross. */
function styled(text, entities, from = 0, to = text.length) {
  const parts = [];
  let at = from;
  const inside = entities.filter((one) => one.offset >= from && one.offset + one.length <= to);
  inside.sort((a, b) => a.offset - b.offset || b.length - a.length);
  for (const [index, one] of inside.entries()) {
    if (one.offset < at) continue;
    if (one.offset > at) parts.push(text.slice(at, one.offset));
    const rest = inside.slice(index + 1);
    parts.push(wrap(one, styled(text, rest, one.offset, one.offset + one.length), text.slice(one.offset, one.offset + one.length)));
    at = one.offset + one.length;
  }
  if (at < to) parts.push(text.slice(at, to));
  return parts;
}

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote", expandable_blockquote: "blockquote" };

function wrap(entity, children, plain) {
  if (entity.type === "spoiler") return make("span", { className: "spoiler" }, ...children);
  if (entity.type === "bot_command") return make("a", { href: "#", onclick: (event) => { event.preventDefault(); write(plain); } }, ...children);
  if (entity.type === "text_link" && /^https?:/.test(entity.url)) return make("a", { href: entity.url, target: "_blank", rel: "noopener" }, ...children);
  return make(TAGS[entity.type] ?? "span", {}, ...children);
}

function showButton(message, button) {
  const style = ["danger", "success", "primary"].includes(button.style) ? button.style : "";
  const link = button.url ?? button.web_app?.url;
  if (link) return make("a", { className: style, href: /^https?:/.test(link) ? link : "#", target: "_blank", rel: "noopener" }, button.text + " ↗");
  if (button.copy_text) return make("button", { type: "button", className: style, onclick: () => copy(button.copy_text.text) }, button.text + " ⧉");
  const waits = chat.presses.some((press) => press.message_id === message.message_id && press.data === button.callback_data && !press.answer && Date.now() - Date.parse(press.at) < 15000);
  const press = () => attempt(() => tell(chatPath("/press"), { message_id: message.message_id, data: button.callback_data }));
  return make("button", { type: "button", className: `${style} ${waits ? "busy" : ""}`, onclick: press }, button.text);
}

async function copy(text) {
  await navigator.clipboard?.writeText(text);
  toast("Copied");
}

function showKeyboards() {
  $("start").hidden = chat.started || chat.blocked;
  $("write").hidden = !chat.started || chat.blocked;
  $("screenshot").hidden = $("write").hidden;
  $("pictures").hidden = $("write").hidden;
  $("keyboard").hidden = !chat.keyboard || $("write").hidden;
  const key = (label) => make("button", { type: "button", onclick: () => write(label) }, label);
  $("keyboard").replaceChildren(...(chat.keyboard ?? []).map((row) => make("div", { className: "row" }, ...row.map(key))));
  $("menu").hidden = chat.commands.length === 0;
  $("commands").replaceChildren(
    ...chat.commands.map((one) => make("button", { type: "button", onclick: () => { $("commands").hidden = true; write("/" + one.command); } }, make("b", {}, "/" + one.command), one.description)),
  );
}

/** Answers to presses that came since the page was opened, each once. */
function showAnswers() {
  for (const press of chat.presses) {
    const id = press.callback_query_id;
    if (!press.answer || shownToasts.has(id) || press.answer.at < pageOpenedAt) continue;
    shownToasts.add(id);
    if (!press.answer.text) continue;
    if (!press.answer.show_alert) {
      toast(press.answer.text);
      continue;
    }
    $("alert").querySelector("p").textContent = press.answer.text;
    if (!$("alert").open) $("alert").showModal();
  }
}

let toastTimer = null;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 4000);
}

// ——— writing

const write = (text) => attempt(() => tell(chatPath("/text"), { text }));

$("write").onsubmit = (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  write(text);
};

$("text").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("write").requestSubmit();
};

$("file").onchange = () => {
  const file = $("file").files[0];
  if (!file) return;
  $("file").value = "";
  const caption = $("text").value.trim();
  $("text").value = "";
  attempt(() => upload(file, file.name, caption));
};

function upload(file, name, caption) {
  const isPhoto = ["image/png", "image/jpeg"].includes(file.type) && !$("as-file").checked;
  const kind = isPhoto ? "photo" : "document";
  const query = new URLSearchParams({ name, caption });
  return ask(chatPath(`/${kind}?${query}`), { method: "POST", headers: { "Content-Type": file.type || "application/octet-stream" }, body: file });
}

/** A picture for whoever has none at hand: a phone screen with a name and the time. */
function pretendScreenshot() {
  const canvas = make("canvas", { width: 360, height: 640 });
  const pen = canvas.getContext("2d");
  const hue = Math.floor(Math.random() * 360);
  pen.fillStyle = `hsl(${hue} 45% 92%)`;
  pen.fillRect(0, 0, 360, 640);
  pen.fillStyle = `hsl(${hue} 55% 45%)`;
  pen.fillRect(0, 0, 360, 72);
  pen.beginPath();
  pen.arc(180, 220, 64, 0, 7);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.font = "600 22px system-ui, sans-serif";
  pen.fillText("Profile", 24, 46);
  pen.fillStyle = "#222";
  pen.textAlign = "center";
  pen.fillText(world.users.find((user) => user.id === here.person)?.first_name ?? "", 180, 330);
  pen.font = "16px system-ui, sans-serif";
  pen.fillText(new Date().toLocaleString(), 180, 362);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

$("screenshot").onclick = () => attempt(async () => upload(await pretendScreenshot(), "screenshot.png", ""));
$("start").onclick = () => write("/start");
$("block").onclick = () => attempt(() => tell(chatPath(chat?.blocked ? "/unblock" : "/block")));
$("menu").onclick = () => ($("commands").hidden = !$("commands").hidden);

// ——— the bank

const WAYS = [
  ["Pay", {}],
  ["Pay late", { how: "late" }],
  ["Pay twice", { how: "twice" }],
  ["Wrong amount", { how: "wrong_amount" }],
  ["Lose the webhook", { webhook: { lost: true } }],
];
const CLOSED_WAYS = { canceled: [WAYS[1]], over: [WAYS[1]], completed: [["Pay again", { how: "twice" }]] };

function openBank(message) {
  // The transaction that was made last before the picture came is the one in the picture.
  const before = transactions.filter((transaction) => transaction.open && transaction.created_at <= message.date);
  near = before.at(-1)?.txn_id ?? null;
  $("bank").classList.add("open");
  showBank();
  document.querySelector(".transaction.near")?.scrollIntoView({ block: "nearest" });
}

function showBank() {
  const openOnes = transactions.filter((transaction) => transaction.open);
  $("bank-count").textContent = openOnes.length || "";
  const newestFirst = transactions.toReversed();
  const ordered = [...newestFirst.filter((one) => one.open), ...newestFirst.filter((one) => !one.open)].slice(0, 50);
  $("transactions").replaceChildren(...ordered.map(showTransaction));
  if (ordered.length === 0) $("transactions").append(make("p", { className: "nothing" }, "Nothing to pay yet. When a shop shows a QR, it is listed here."));
}

function showTransaction(one) {
  const state = one.status === "pending" && !one.open ? "over" : one.status;
  const paid = one.paid_amount === null ? "" : `, ${rupiah(one.paid_amount)} arrived`;
  const label = one.pays_when_closed ? "will be paid late" : state + paid;
  const pay = (way) => attempt(() => tell("/pakasir/pay", { txn_id: one.txn_id, ...way }));
  const ways = one.open ? WAYS : (CLOSED_WAYS[state] ?? []);
  const buttons = ways.map(([text, way]) => make("button", { type: "button", onclick: () => pay(way) }, text));
  return make(
    "section",
    { className: one.txn_id === near ? "transaction near" : "transaction" },
    make("div", { className: "line" }, make("span", { className: "sum" }, rupiah(one.total_payment)), make("span", { className: `state-${state}` }, label)),
    make("div", { className: "quiet" }, `${rupiah(one.amount)} + fee ${rupiah(one.fee)} · order ${one.order_id}`),
    make("div", { className: "quiet" }, one.open ? `valid until ${clock(one.expired_at)}` : `made ${clock(one.created_at)}`),
    make("div", { className: "ways" }, ...buttons),
  );
}

$("bank-open").onclick = () => $("bank").classList.toggle("open");
$("bank-close").onclick = () => $("bank").classList.remove("open");
addEventListener("hashchange", () => refresh().catch((error) => toast(error.message)));
setInterval(() => chat && showChat(), 5000);

await refresh().catch((error) => toast(error.message));
live();
