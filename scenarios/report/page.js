"use strict";
(() => {
	const LANES = ["Slack user", "Slack", "bridge", "database", "homeserver", "Matrix user"];
	const HEADS = ["Slack user", "Slack", "bridge", "data\u00ADbase", "home\u00ADserver", "Matrix user"];
	const GAP_US = 2e6;
	const top = document.getElementById("top");
	const main = document.getElementById("main");
	const detail = document.getElementById("detail");
	const overview = JSON.parse(document.getElementById("overview").textContent);
	const state = { filter: "", verdict: "all", faint: false, world: false, life: -1 };
	let story = null; // the one that is shown: head, items, lives, by what the runner gives

	/* Texts are never parsed as HTML: everything is made of elements and text nodes. */
	function el(tag, attributes, ...children) {
		const node = document.createElement(tag);
		for (const [name, value] of Object.entries(attributes || {})) {
			if (name === "on") {
				for (const [event, fn] of Object.entries(value)) node.addEventListener(event, fn);
			} else if (value !== false && value !== null && value !== undefined) {
				node.setAttribute(name, value === true ? "" : value);
			}
		}
		node.append(...children.filter((child) => child !== null && child !== undefined));
		return node;
	}

	function show(target, ...children) {
		target.replaceChildren(...children.filter((child) => child !== null));
	}

	function time(us) {
		const ms = Math.floor(us / 1000);
		const two = (n) => String(n).padStart(2, "0");
		return `${Math.floor(ms / 3600000)}:${two(Math.floor(ms / 60000) % 60)}:` +
			`${two(Math.floor(ms / 1000) % 60)}.${String(ms % 1000).padStart(3, "0")}`;
	}

	const span = (us) => (us >= 1e7 ? Math.round(us / 1e6) : us / 1e6)
		.toLocaleString("en-US", { maximumFractionDigits: 1 }) + " s nothing";
	const words = { pass: "passed", fail: "failed", harness: "harness", unknown: "unknown", skip: "skipped" };
	const badge = (verdict) => el("span", { class: `badge ${verdict}` }, words[verdict] || verdict);
	const storyLink = (id) => `#/s/${encodeURIComponent(id)}`;
	const reqLink = (id) => `#/r/${encodeURIComponent(id)}`;
	const reqChip = (id) => el("a", { class: "chip", href: reqLink(id) }, id);

	/* ---------------------------------------------------------------- the overview */

	function counts() {
		const by = {};
		for (const one of overview.stories) by[one.verdict] = (by[one.verdict] || 0) + 1;
		return Object.entries(by).map(([verdict, n]) => `${n} ${words[verdict]}`).join(", ");
	}

	function tab(name, text) {
		const here = location.hash.startsWith("#/r") ? "reqs" : "stories";
		return el("button", {
			type: "button", "aria-pressed": String(here === name),
			on: { click: () => { location.hash = name === "reqs" ? "#/r" : "#/"; } },
		}, text);
	}

	function verdictButton(name, text) {
		return el("button", {
			type: "button", "aria-pressed": String(state.verdict === name),
			on: { click: () => { state.verdict = name; route(); } },
		}, text);
	}

	function header(redraw) {
		const search = el("input", {
			type: "search", id: "filter", placeholder: "Filter: title, ID, requirement", "aria-label": "Filter",
			on: { input: (event) => { state.filter = event.target.value; redraw(); } },
		});
		search.value = state.filter;
		show(top,
			el("h1", {}, "Scenarios"),
			el("p", { class: "count", style: "margin:.15rem 0 0" },
				`${overview.stories.length} played: ${counts()}`),
			el("div", { class: "bar" },
				el("div", { class: "tabs", role: "group", "aria-label": "View" },
					tab("stories", "Scenarios"), tab("reqs", "Requirements")),
				el("div", { class: "tabs", role: "group", "aria-label": "Verdict" },
					verdictButton("all", "All"), verdictButton("bad", "Not passed"), verdictButton("pass", "Passed")),
				search));
	}

	function isShown(one) {
		const wanted = state.verdict === "all" || (state.verdict === "pass") === (one.verdict === "pass");
		const text = `${one.id} ${one.title} ${one.reqs.join(" ")} ${one.verdict}`.toLowerCase();
		return wanted && state.filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
	}

	function storyRow(one) {
		return el("li", {}, el("div", { class: "story" },
			badge(one.verdict),
			el("a", { href: storyLink(one.id) }, el("b", {}, one.title), el("small", {}, one.id)),
			el("div", { class: "chips" }, ...one.reqs.map(reqChip)),
			el("div", { class: "when" }, `${time(one.virtual_ms * 1000)}`, el("br"), `${one.real_ms} ms real`)));
	}

	function folderOf(path) {
		const parts = path.split("/");
		return parts.slice(0, -1).join("/");
	}

	function drawStories() {
		const draw = () => {
			const folders = new Map();
			for (const one of overview.stories.filter(isShown)) {
				const folder = folderOf(one.path);
				folders.set(folder, [...(folders.get(folder) || []), one]);
			}
			const parts = [...folders.keys()].sort().flatMap((folder) => [
				el("h2", { class: "folder" }, folder),
				el("ol", { class: "list" }, ...folders.get(folder).map(storyRow))]);
			show(main, ...(parts.length > 0 ? parts : [el("p", { class: "empty" }, "Nothing fits the filter.")]));
		};
		header(draw);
		draw();
	}

	function requirementRow(req, stories) {
		return el("li", { class: "req", id: `req-${req.id}` },
			el("p", {}, el("a", { class: "chip", href: reqLink(req.id) }, req.id), " ", el("b", {}, req.title),
				stories.length === 0 ? el("span", { class: "badge none", style: "margin-left:.5rem" }, "no scenario") : null),
			el("div", { class: "dots" }, ...stories.map((one) =>
				el("a", { class: one.verdict, href: storyLink(one.id), title: one.title },
					`${one.id}: ${words[one.verdict]}`))));
	}

	function drawRequirements(only) {
		const draw = () => {
			const rows = overview.requirements
				.filter((req) => !only || req.id === only)
				.map((req) => [req, overview.stories.filter((one) => one.reqs.includes(req.id))])
				.filter(([req, stories]) => {
					const bad = stories.length === 0 || stories.some((one) => one.verdict !== "pass");
					const wanted = state.verdict === "all" || (state.verdict === "bad") === bad;
					return wanted && `${req.id} ${req.title}`.toLowerCase().includes(state.filter.toLowerCase());
				});
			show(main,
				only ? el("p", {}, el("a", { href: "#/r" }, "All requirements")) : null,
				el("ol", { class: "list" }, ...rows.map(([req, stories]) => requirementRow(req, stories))),
				rows.length === 0 ? el("p", { class: "empty" }, "Nothing fits the filter.") : null);
		};
		header(draw);
		draw();
	}

	/* ---------------------------------------------------------------- one story */

	async function unpack(index) {
		const text = document.getElementById(`story-${index}`).textContent.trim();
		const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
		const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
		const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
		return JSON.parse(await new Response(stream).text());
	}

	function stepText(step) {
		const args = step.args && typeof step.args === "object"
			? Object.entries(step.args).map(([key, value]) =>
				`${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ")
			: "";
		return args.length > 220 ? args.slice(0, 220) + "…" : args;
	}

	function drawSteps() {
		const mark = { ok: "", failed: "failed", "not played": "not" };
		return el("details", { class: "steps", open: !matchMedia("(max-width: 760px)").matches },
			el("summary", {}, `${story.head.steps.length} steps`),
			el("ol", {}, ...story.head.steps.map((step) => el("li", { class: mark[step.verdict] },
				el("button", { type: "button", on: { click: () => goToStep(step.n) } },
					el("span", { class: "n" }, String(step.n)),
					el("span", {},
						el("span", { class: "verb" }, step.verb),
						step.verdict === "ok" ? null : el("span", { class: "badge fail", style: "margin-left:.4rem" }, step.verdict),
						step.req ? el("span", { class: "chip", style: "margin-left:.4rem" }, step.req) : null,
						step.note ? el("span", { style: "display:block" }, step.note) : null,
						el("code", {}, stepText(step))))))));
	}

	function goToStep(n) {
		const row = [...main.querySelectorAll(".row")].find((one) => story.items[one.dataset.index].step >= n);
		if (row) select(Number(row.dataset.index), true);
	}

	/* Which items are drawn, after the wishes of the reader. */
	function drawn() {
		const life = state.life >= 0 ? new Set(story.lives[state.life].items) : null;
		return story.items.map((item, index) => index).filter((index) => {
			const item = story.items[index];
			if (life) return life.has(index);
			return (state.faint || item.L[2] !== "faint") && (state.world || item.step > 0 || index >= story.begin);
		});
	}

	function place(field, label, [from, to, kind]) {
		const low = Math.min(from, to), high = Math.max(from, to);
		const at = (lane) => (lane + .5) / 6 * 100;
		if (["step", "start", "stop", "crash"].includes(kind)) return;
		if (low >= 3) {
			label.classList.add("right");
			label.style.marginRight = `${Math.max(0, 100 - at(high) - 8)}%`;
		} else {
			label.style.marginLeft = `${Math.max(0, at(low) - (from === to ? 6 : 0))}%`;
		}
		if (from === to) {
			field.append(el("span", { class: "dot", style: `left:${at(from)}%` }));
		} else {
			field.append(el("span", {
				class: `arrow ${to > from ? "to-right" : "to-left"}`,
				style: `left:${at(low)}%;width:${at(high) - at(low)}%`,
			}));
		}
	}

	function drawRow(index, before, alive) {
		const item = story.items[index];
		const [from, to, kind, text] = item.L;
		const across = ["step", "start", "stop", "crash"].includes(kind);
		const label = el("span", { class: "label" }, el("span", {}, text));
		const field = el("span", { class: "field" }, label);
		place(field, label, item.L);
		const where = from === to ? LANES[from] : `${LANES[from]} to ${LANES[to]}`;
		return el("button", {
			type: "button", class: `row ${kind}${across ? " across" : ""}${alive ? "" : " dead"}`, tabindex: "-1",
			"data-index": String(index), "aria-label": `${time(item.us)} ${where}: ${text}`,
			on: { click: () => select(index, false) },
		}, el("span", { class: "time" }, item.us === before ? "" : time(item.us)), field);
	}

	function lifeOfBridge() {
		let alive = false;
		return story.items.map((item) => {
			const kind = item.L[2];
			alive = kind === "start" || (alive && kind !== "stop" && kind !== "crash");
			return alive;
		});
	}

	function drawRows() {
		const alive = lifeOfBridge();
		const list = el("ol", { class: "rows" });
		let before = null;
		for (const index of drawn()) {
			const us = story.items[index].us;
			if (before !== null && us - before > GAP_US) {
				list.append(el("li", { class: "gap" }, span(us - before)));
			}
			list.append(el("li", {}, drawRow(index, before, alive[index])));
			before = us;
		}
		const first = list.querySelector(".row");
		if (first) first.tabIndex = 0;
		return list;
	}

	function checkbox(text, name) {
		const box = el("input", { type: "checkbox", on: { change: () => { state[name] = box.checked; redrawLanes(); } } });
		box.checked = state[name];
		return el("label", {}, box, text);
	}

	function lifeSelect() {
		if (story.lives.length === 0) return null;
		const select = el("select", {
			"aria-label": "Life of a message",
			on: { change: () => { state.life = Number(select.value); redrawLanes(); } },
		}, el("option", { value: "-1" }, "all that happened"),
		...story.lives.map((life, i) => el("option", { value: String(i) }, `the life of “${life.name.slice(0, 60)}”`)));
		select.value = String(state.life);
		return select;
	}

	function drawLanes() {
		return el("section", { id: "lanes", "aria-label": "Sequence diagram" },
			el("div", { class: "tools" }, lifeSelect(),
				checkbox("debug lines, statements, bytes, pings", "faint"), checkbox("how the world was made", "world"),
				el("span", { class: "keys" }, el("kbd", {}, "j"), " ", el("kbd", {}, "k"), " move  ",
					el("kbd", {}, "Esc"), " back")),
			el("div", { class: "heads", "aria-hidden": "true" }, el("span"), ...HEADS.map((name) => el("span", {}, name))),
			drawRows(),
			story.cut ? el("p", { class: "count" }, `${story.cut} more are not in this file.`) : null);
	}

	function redrawLanes() {
		const lanes = document.getElementById("lanes");
		const focused = document.activeElement && document.activeElement.tagName;
		lanes.replaceWith(drawLanes());
		if (focused === "SELECT") document.querySelector("#lanes select").focus();
		if (focused === "INPUT") document.querySelector("#lanes input").focus();
	}

	async function drawStory(id) {
		const one = overview.stories.find((other) => other.id === id);
		if (!one || one.data < 0) {
			show(top, el("h1", {}, id));
			show(main, el("p", {}, "This run left nothing to show. "), el("a", { href: "#/" }, "All scenarios"));
			return;
		}
		story = await unpack(one.data);
		story.begin = Math.max(0, story.items.findIndex((item) => item.step > 0));
		state.life = -1;
		show(top,
			el("p", { style: "margin:0 0 .25rem" }, el("a", { href: "#/" }, "← All scenarios")),
			el("h1", {}, one.title),
			el("div", { class: "meta" }, badge(one.verdict), el("code", {}, one.id), ...one.reqs.map(reqChip),
				el("span", {}, `${time(one.virtual_ms * 1000)} virtual, ${one.real_ms} ms real`),
				el("span", {}, `${story.head.database || ""} seed ${story.head.seed}`)));
		show(main,
			story.head.failure ? el("div", { class: "failure" }, el("h2", {}, "What went wrong"),
				el("pre", { tabindex: "0" }, story.head.failure)) : null,
			el("div", { class: "stage" }, drawSteps(), drawLanes()));
	}

	/* ---------------------------------------------------------------- one item */

	/* What the bytes behind a record must have in them. */
	function keyOf(item) {
		const word = item.request ? item.request.split(" ").pop() : null;
		return word || item.call || item.push || item.envelope || item.acked || item.event_id ||
			item.file_id || item.ts || item.path || null;
	}

	/* The nearest message or frame of that side that has the key, at the same instant. */
	function nearestBytes(index, item, key) {
		let best = -1;
		for (let i = Math.max(0, index - 60); i < Math.min(story.items.length, index + 60); i++) {
			const other = story.items[i];
			const fits = other.at === "wire" && other.us === item.us && other.text &&
				(other.from === item.at || other.to === item.at) && other.text.includes(String(key));
			if (fits && (best < 0 || Math.abs(i - index) < Math.abs(best - index))) best = i;
		}
		return best;
	}

	/* Of an HTTP exchange both halves. */
	function otherHalf(at) {
		const one = story.items[at];
		if (one.kind !== "http") return -1;
		const answer = one.text.startsWith("HTTP/");
		for (let i = at; i >= 0 && i < story.items.length; i += answer ? -1 : 1) {
			const other = story.items[i];
			if (i !== at && other.conn === one.conn && other.kind === "http") {
				return (other.text || "").startsWith("HTTP/") === answer ? -1 : i;
			}
		}
		return -1;
	}

	function bytesOf(index) {
		const item = story.items[index];
		if (item.at === "wire" || item.at === "database") return [item];
		const key = item.at === "slack" || item.at === "matrix" ? keyOf(item) : null;
		const at = key === null ? -1 : nearestBytes(index, item, key);
		const other = at < 0 ? -1 : otherHalf(at);
		return [at, other].filter((i) => i >= 0).sort((a, b) => a - b).map((i) => story.items[i]);
	}

	function bytesBlock(item) {
		const head = item.at === "database" ? "statement" :
			`${item.kind} ${item.from} to ${item.to}, connection ${item.conn}, ${item.bytes} bytes`;
		const text = item.text || "";
		const body = text.indexOf("{");
		let shown = text;
		try {
			if (body >= 0) shown = text.slice(0, body) + JSON.stringify(JSON.parse(text.slice(body)), null, 2);
		} catch (error) {
			shown = text; // cut, or no JSON: as it is
		}
		return [el("h3", {}, head), el("pre", { tabindex: "0" }, shown)];
	}

	function lifeButtons(index) {
		return story.lives.map((life, i) => [life, i]).filter(([life]) => life.items.includes(index))
			.slice(0, 3).map(([life, i]) => el("button", {
				type: "button", class: "plain-button", style: "margin:.2rem .3rem .2rem 0",
				on: { click: () => { state.life = state.life === i ? -1 : i; redrawLanes(); select(index, true); } },
			}, state.life === i ? "show all again" : `life of “${life.name.slice(0, 40)}”`));
	}

	function drawDetail(index) {
		const item = story.items[index];
		const { L, ...json } = item;
		const bytes = item.at === "wire" || item.at === "database";
		show(detail, el("div", { class: "detail-inner" },
			el("header", {}, el("h2", {}, L[3] || item.kind),
				el("button", { type: "button", class: "plain-button", on: { click: closeDetail } }, "Close")),
			el("p", { class: "count", style: "margin:0" },
				`${time(item.us)}, ${item.step > 0 ? "step " + item.step : "the world"}` +
				(item.seq ? `, record ${item.seq}` : "")),
			el("div", {}, ...lifeButtons(index)),
			...(bytes ? [] : [el("h3", {}, "JSON"), el("pre", { tabindex: "0" }, JSON.stringify(json, null, 2))]),
			...bytesOf(index).flatMap(bytesBlock)));
		detail.hidden = false;
		const stage = main.querySelector(".stage");
		if (matchMedia("(min-width: 761px)").matches) {
			stage.append(detail);
			stage.classList.add("with-detail");
		} else {
			document.body.append(detail);
		}
	}

	function closeDetail() {
		const current = main.querySelector(".row[aria-current=true]");
		detail.hidden = true;
		document.body.append(detail);
		const stage = main.querySelector(".stage");
		if (stage) stage.classList.remove("with-detail");
		if (current) {
			current.removeAttribute("aria-current");
			current.focus();
		}
	}

	function select(index, scroll) {
		const row = main.querySelector(`.row[data-index="${index}"]`);
		if (!row) return;
		for (const other of main.querySelectorAll(".row[aria-current], .row[tabindex='0']")) {
			other.removeAttribute("aria-current");
			other.tabIndex = -1;
		}
		row.setAttribute("aria-current", "true");
		row.tabIndex = 0;
		drawDetail(index);
		row.focus({ preventScroll: true });
		if (scroll) row.scrollIntoView({ block: "center" });
		else row.scrollIntoView({ block: "nearest" });
	}

	function move(by) {
		const rows = [...main.querySelectorAll(".row")];
		const at = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
		const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
		if (next) select(Number(next.dataset.index), false);
	}

	function handleKey(event) {
		const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (event.key === "Escape") {
			if (!detail.hidden) closeDetail();
			else if (story) location.hash = "#/";
			return;
		}
		if (typing) return;
		const inRows = event.target.classList && event.target.classList.contains("row");
		if (event.key === "/" && document.getElementById("filter")) {
			event.preventDefault();
			document.getElementById("filter").focus();
		} else if (story && (event.key === "j" || (inRows && event.key === "ArrowDown"))) {
			event.preventDefault();
			move(1);
		} else if (story && (event.key === "k" || (inRows && event.key === "ArrowUp"))) {
			event.preventDefault();
			move(-1);
		}
	}

	/* ---------------------------------------------------------------- where we are */

	async function route() {
		const [, kind, name] = location.hash.match(/^#\/(s|r)(?:\/(.*))?$/) || [];
		if (!detail.hidden) closeDetail();
		story = null;
		if (kind === "s") {
			await drawStory(decodeURIComponent(name || ""));
			window.scrollTo(0, 0);
		} else if (kind === "r") {
			drawRequirements(name ? decodeURIComponent(name) : null);
		} else {
			drawStories();
		}
		document.title = kind === "s" ? `${decodeURIComponent(name || "")} - Scenarios` : "Scenarios";
	}

	addEventListener("hashchange", () => { route().then(() => main.focus({ preventScroll: true })); });
	addEventListener("keydown", handleKey);
	route();
})();
