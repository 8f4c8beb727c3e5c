import { expect, it } from "vitest";
import type { CallDetail, Evidence, Issue, Metric, Verdict } from "../api/client";
import { bySentence, groupIssues, momentLink, momentOfEvidence, momentOfIssue, together } from "./evidence";

const at = (s: number) => new Date(Date.UTC(2026, 2, 1, 12, 0, s)).toISOString();
const ms = (s: number) => Date.parse(at(s));
const bounds: [number, number] = [ms(0), ms(600)];

const call = {
  id: "c",
  people: [
    { user: "ada", userName: "Ada", stays: [{ id: "a1", start: at(0), end: at(600) }] },
    { user: "ben", userName: "Ben", stays: [{ id: "b1", start: at(0), end: at(100) }, { id: "b2", start: at(200), end: null }] },
  ],
} as unknown as CallDetail;

const metrics = [{ id: "loss", kinds: ["audio", "video", "screen"] }, { id: "concealment", kinds: ["audio"] }, { id: "fps_decoded", kinds: ["video", "screen"] }, { id: "cpu", kinds: ["client"] }] as unknown as Metric[];

const evidence = (e: Partial<Evidence>): Evidence => ({ session: "", stream: 0, metric: "", event: "", at: null, value: null, limit: null, text: "", sentence: 0, ...e }) as Evidence;

const issue = (i: Partial<Issue>): Issue =>
  ({ session: "a1", id: 1, type: "packet_loss", label: "Packet loss", severity: "high", start: at(210), end: at(250), stream: 3, remoteUser: "ben", evidence: [evidence({ metric: "loss", at: at(220), value: 0.3 })], ...i }) as Issue;

it("leads from what was received to both ends, at its time and with what was around it", () => {
  const m = momentOfIssue(call, issue({}), metrics, bounds);
  expect(m).toEqual({ session: "a1", sender: "b2", range: [ms(190), ms(270)], tab: "all" });
  expect(momentLink(7, "c", m)).toBe(`/calls/c/ends?app=7&from=${ms(190)}&to=${ms(270)}&receiver=a1&sender=b2`);
});

it("leads to the user where nobody else has to do with it, or the other is not known", () => {
  expect(momentOfIssue(call, issue({ remoteUser: "" }), metrics, bounds).sender).toBeUndefined();
  expect(momentOfIssue(call, issue({ remoteUser: "zoe" }), metrics, bounds).sender).toBeUndefined();
  expect(momentOfIssue(call, issue({ remoteUser: "ada" }), metrics, bounds).sender).toBeUndefined();
  expect(momentLink(7, "c", momentOfIssue(call, issue({ remoteUser: "", evidence: [evidence({ metric: "concealment" })] }), metrics, bounds)))
    .toBe(`/calls/c/users/a1?app=7&tab=audio&from=${ms(190)}&to=${ms(270)}`);
});

it("stays within the call: one that lasts ends with it, an instant gets its surroundings", () => {
  expect(momentOfIssue(call, issue({ start: at(590), end: null }), metrics, bounds).range).toEqual([ms(580), ms(600)]);
  expect(momentOfIssue(call, issue({ start: at(2), end: at(2) }), metrics, bounds).range).toEqual([ms(0), ms(12)]);
});

it("finds the issue behind a verdict's evidence, else takes its time", () => {
  const issues = [issue({ stream: 9, remoteUser: "" }), issue({})];
  expect(momentOfEvidence(call, evidence({ session: "a1", stream: 3, metric: "loss", at: at(220), value: 0.3 }), issues, metrics, bounds)?.sender).toBe("b2");
  expect(momentOfEvidence(call, evidence({ session: "b1", metric: "fps_decoded", at: at(50) }), issues, metrics, bounds)).toEqual({ session: "b1", range: [ms(40), ms(60)], tab: "video" });
  expect(momentOfEvidence(call, evidence({ session: "b1", text: "gone" }), issues, metrics, bounds)).toBeUndefined();
  expect(momentOfEvidence(call, evidence({ session: "nobody", at: at(50) }), issues, metrics, bounds)).toBeUndefined();
});

it("puts evidence below its sentence; that of older programs below the first", () => {
  const verdict = { sentences: ["One.", "Two."], evidence: [evidence({ text: "a" }), evidence({ text: "b", sentence: 2 }), evidence({ text: "c", sentence: 7 })] } as unknown as Verdict;
  expect(bySentence(verdict).map((of) => of.map((e) => e.text))).toEqual([["a", "c"], ["b"]]);
  expect(together([])).toBeUndefined();
  expect(together([{ session: "", range: [5, 9], tab: "all" }, { session: "", range: [2, 6], tab: "all" }])).toEqual([2, 9]);
});

it("groups issues by user, the worst first", () => {
  const groups = groupIssues(call, [issue({ session: "b1", severity: "medium" }), issue({ session: "b2", severity: "medium", start: at(3) }), issue({ severity: "low" }), issue({ severity: "high" }), issue({ session: "gone", severity: "low" })], "low");
  expect(groups.map((g) => [g.name, g.issues.map((i) => i.severity)])).toEqual([["Ada", ["high", "low"]], ["Ben", ["medium", "medium"]], ["Someone who is no longer listed", ["low"]]]);
  expect(groupIssues(call, [issue({ severity: "low" })], "medium")).toEqual([]);
});
