// What the four clients' checks share: TAP lines, waiting without sleeping blindly, and the
// simulator's control interface.
'use strict';

class Checks {
	constructor(name, url) {
		this.name = name;
		this.url = url;
		this.count = 0;
		this.failed = 0;
		// A client that hangs is a failed check, not a hung run.
		this.deadline = setTimeout(() => this.end('ran out of time'), 280000);
	}

	ok(title, holds, why) {
		this.count++;
		if (holds) {
			console.log(`ok ${this.count} - ${title}`);
		} else {
			this.failed++;
			console.log(`not ok ${this.count} - ${title}${why ? ' # ' + why : ''}`);
		}
		return !!holds;
	}

	equal(title, is, wanted) {
		const same = JSON.stringify(is) === JSON.stringify(wanted);
		return this.ok(title, same, `${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
	}

	// Runs fn; a rejection fails the check, so does a result that is false or undefined.
	async does(title, fn) {
		try {
			const result = await fn();
			this.ok(title, result !== false && result !== undefined, 'no result');
			return result;
		} catch (e) {
			this.ok(title, false, String(e && (e.body ? JSON.stringify(e.body) : e.message || e)));
			return undefined;
		}
	}

	// fn must be refused with this errcode (and status, where one is given).
	async refused(title, errcode, fn, status) {
		try {
			const result = await fn();
			this.ok(title, false, `not refused: ${JSON.stringify(result)}`);
		} catch (e) {
			const got = e.errcode || (e.body && e.body.errcode) || (e.data && e.data.errcode);
			const code = e.httpStatus || e.statusCode;
			this.ok(title, got === errcode && (!status || code === status),
				`${got} ${code}: ${e.message}`);
		}
	}

	// Waits until fn gives something true.
	async until(title, fn, ms = 30000) {
		const end = Date.now() + ms;
		let result;
		do {
			try {
				result = await fn();
			} catch (e) {
				result = undefined;
			}
			if (result) {
				this.ok(title, true);
				return result;
			}
			await new Promise((r) => setTimeout(r, 20));
		} while (Date.now() < end);
		this.ok(title, false, `not within ${ms} ms`);
		return undefined;
	}

	// Runs a verb of the simulator.
	async control(verb, args = {}) {
		const response = await fetch(`${this.url}/_control/${verb}`, {
			method: 'POST', body: JSON.stringify(args),
		});
		const answer = await response.json();
		if (!answer.ok) {
			throw new Error(`${verb}: ${answer.error}`);
		}
		return answer.result || {};
	}

	async records(since = 0) {
		const response = await fetch(`${this.url}/_control/records?since=${since}&timeout=0`);
		return (await response.json()).records;
	}

	// A request as the client itself would not make it.
	async raw(method, path, token, body) {
		const response = await fetch(this.url + path, {
			method,
			headers: token ? { Authorization: `Bearer ${token}` } : {},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		const text = await response.text();
		let json;
		try {
			json = JSON.parse(text);
		} catch (e) {
			json = undefined;
		}
		return { status: response.status, text, json };
	}

	end(trouble) {
		clearTimeout(this.deadline);
		if (trouble) {
			this.ok(`${this.name} came to its end`, false, trouble);
		}
		console.log(`1..${this.count}`);
		console.log(`# ${this.name}: ${this.count - this.failed} passed, ${this.failed} failed`);
		process.exit(this.failed ? 1 : 0);
	}
}

// Runs main(checks, profile); the arguments are the server's URL and its profile.
function run(name, main) {
	const checks = new Checks(name, process.argv[2]);
	const fail = (e) => checks.end(String(e && e.stack ? e.stack.split('\n').slice(0, 3).join(' ') : e));
	process.on('unhandledRejection', fail);
	process.on('uncaughtException', fail);
	main(checks, process.argv[3] || 'conduwuit').then(() => checks.end(), fail);
}

module.exports = { run };
