// matrix-bot-sdk loads a native crypto module at its start whose binary npm does not carry.
// The checks use no encryption through it; an empty stand-in lets the rest load unmodified.
'use strict';
const Module = require('module');
const load = Module._load;

Module._load = function (name, ...rest) {
	if (name === '@matrix-org/matrix-sdk-crypto-nodejs') {
		return new Proxy({}, { get: (_, key) => (key === '__esModule' ? true : class {}) });
	}
	return load.call(this, name, ...rest);
};
