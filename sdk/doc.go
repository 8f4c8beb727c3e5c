// Package sdk carries the browser SDK: the script that /sdk.js serves. Its
// source is TypeScript in src, built into dist by `npm run build -w sdk`; the
// binary embeds dist. Go builds and tests without Node: where the SDK was not
// built, the script that is served says how to.
//
// The package holds no logic but that. Its test also generates
// src/dictionary.ts from package rtc, so that the numbers on the wire are
// those that the server decodes.
package sdk
