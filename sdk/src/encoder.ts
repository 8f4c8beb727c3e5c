import { MEMBERS, TYPES } from "./dictionary";
import { guard } from "./native";
import { Writer } from "./writer";

// The coding is described in docs/protocol.md.

/** Kinds of record, by their number on the wire. */
export const enum Kind {
  Open = 1,
  Call,
  State,
  Stats,
  Event,
  Feedback,
  Log,
  Close,
}

const enum Tag {
  Conn = 0x10,
  Name = 0x20,
  Corr = 0x40,
  Payload = 0x80,
  Full = 0x10,
}

const enum Head {
  Define = 1,
  Time = 2,
  Slots = 4,
}

const enum Form {
  Absent,
  Number,
  Micro,
  Double,
  Text,
  Bool,
  JSON,
}

/** Members by name: number on the wire and steps in one unit. */
interface Member {
  number: number;
  scale: number;
}

const members = new Map<string, Member>();
MEMBERS.split(" ").forEach((word, i) => {
  const digit = parseInt(word, 10) || 0;
  members.set(digit ? word.slice(1) : word, { number: i + 1, scale: 10 ** digit });
});
const types = new Map(TYPES.split(" ").map((name, i) => [name, i + 1]));

/** Members that nobody judges by, some only in reports of one type or kind:
 * each fifth poll tells them. */
export const IDLE = new Map(
  ("headerBytesReceived headerBytesSent lastPacketSentTimestamp reportsSent consentRequestsSent requestsReceived requestsSent responsesSent echoReturnLossEnhancement " +
    "jitterBufferMinimumDelay lastPacketReceivedTimestamp:candidate-pair bytesSent:remote-outbound-rtp totalProcessingDelay:audio")
    .split(" ").map((word) => word.split(":") as [string, string | undefined]),
);
const SAME = {};

// Differences of numbers up to this are whole and exact in a double, and so
// are their zigzag forms.
const MAX_STEP = 2 ** 51;

/** One member of one report, as it was last sent. */
interface Slot {
  number: number; // of the member; 0 is unknown
  name: string;
  scale: number;
  form: Form;
  last: number;
  text: string;
  poll: number; // in which it was last seen
  now: Value; // what that poll said
}

interface Report {
  id: string;
  number: number;
  slots: Slot[];
  byName: Map<string, Slot>;
  time: number; // own time of the last poll, 0 where it was the poll's
  poll: number;
}

interface Connection {
  reports: (Report | undefined)[];
  byId: Map<string, Report>;
  poll: number;
}

type Value = string | number | boolean | object | null | undefined;

/** Writes records into the body of a batch. */
export class Encoder {
  private _connections = new Map<number, Connection>();
  private _body = new Writer();
  private _content = new Writer();
  private _patches = new Writer();
  private _values = new Writer();
  private _mask: number[] = [];
  private _fresh: [string, Value, number][] = [];
  private _last = 0;
  /** Records in the open batch. */
  records = 0;

  /** Bytes of the open batch, before compression. */
  get size(): number {
    return this._body.length;
  }

  /** From here on no differences stand on what was sent before. */
  restart(): void {
    this._connections.clear();
  }

  /** Forgets what was sent of a connection that is closed. */
  forget(conn: number): void {
    this._connections.delete(conn);
  }

  /** Begins a record, and with the first one a batch: its times are relative
   * to `base`. */
  private _start(time: number): Writer {
    if (this.records++ === 0) this.base = this._last = time;
    this._content.clear();
    this._content.zigzag(time - this._last);
    this._last = time;
    return this._content;
  }

  /** Time of the first record of the open batch: what its header says. */
  base = 0;

  /** Ends the batch and returns its body. */
  take(): Uint8Array<ArrayBuffer> {
    const body = this._body.copy();
    this._body.clear();
    this.records = 0;
    return body;
  }

  private _emit(tag: number): void {
    this._body.byte(tag);
    this._body.uvarint(this._content.length);
    this._body.raw(this._content.view());
  }

  /** Adds a record that is not statistics. `payload` is JSON. */
  add(kind: Kind, time: number, conn: number, name: string, corr: string, payload: string): void {
    const w = this._start(time);
    let tag: number = kind;
    if (conn) {
      tag |= Tag.Conn;
      w.uvarint(conn);
    }
    if (name) {
      tag |= Tag.Name;
      w.text(name.slice(0, 64));
    }
    if (corr) {
      tag |= Tag.Corr;
      w.text(corr);
    }
    if (payload) {
      tag |= Tag.Payload;
      w.text(payload);
    }
    this._emit(tag);
  }

  /** Adds one getStats result of a connection; only what changed is written. */
  stats(time: number, conn: number, result: RTCStatsReport): void {
    const w = this._start(time);
    let state = this._connections.get(conn);
    let tag: number = Kind.Stats;
    if (!state) {
      tag |= Tag.Full;
      this._connections.set(conn, (state = { reports: [], byId: new Map(), poll: 0 }));
    }
    const poll = ++state.poll;

    // The poll's time is that of most reports: the newest.
    let newest = 0;
    const seen: [Report, RTCStats][] = [];
    const added: RTCStats[] = [];
    result.forEach((stat: RTCStats) => {
      if (stat.timestamp > newest) newest = stat.timestamp;
      const report = state.byId.get(stat.id);
      if (report) {
        report.poll = poll;
        seen.push([report, stat]);
      } else if (stat.id && stat.id.length < 128) added.push(stat);
    });
    const at = newest ? Math.round(newest * 1000) : time * 1000;
    w.uvarint(conn);
    w.zigzag(at - time * 1000);

    const removed = state.reports.filter((r): r is Report => r !== undefined && r.poll !== poll);
    w.uvarint(removed.length);
    let last = -1;
    for (const report of removed) {
      w.uvarint(report.number - last - 1);
      last = report.number;
      state.byId.delete(report.id);
      state.reports[report.number] = undefined;
    }

    let free = 0;
    for (const stat of added) {
      while (state.reports[free]) free++;
      const report: Report = { id: stat.id, number: free, slots: [], byName: new Map(), time: 0, poll };
      state.reports[free] = report;
      state.byId.set(stat.id, report);
      seen.push([report, stat]);
    }
    seen.sort((a, b) => a[0].number - b[0].number);

    this._patches.clear();
    let written = 0;
    last = -1;
    for (const [report, stat] of seen) {
      if (this._patch(report, stat, last, at)) {
        last = report.number;
        written++;
      }
    }
    w.uvarint(written);
    w.raw(this._patches.view());
    this._emit(tag);
  }

  /** Writes what changed of one report; returns whether anything did. */
  private _patch(report: Report, stat: RTCStats, last: number, at: number): boolean {
    const define = report.slots.length === 0;
    this._mask.length = 0;
    this._values.clear();
    this._fresh.length = 0;
    const { kind } = stat as RTCInboundRtpStreamStats;
    const idle = (name: string): boolean => {
      const where = IDLE.get(name);
      return report.poll % 5 !== 0 && IDLE.has(name) && (!where || where === stat.type || where === kind);
    };
    const visit = (name: string, value: Value): void => {
      if (value === undefined || value === null) return;
      const slot = report.byName.get(name);
      if (slot) {
        slot.poll = report.poll;
        slot.now = idle(name) ? SAME : value;
      } else this._fresh.push([name, value, members.get(name)?.number ?? 0]);
    };
    for (const name in stat) {
      // The last is a line of 100 digits for the browser's own debugging.
      if (name === "id" || name === "timestamp" || name === "googTimingFrameInfo") continue;
      const value = (stat as unknown as Record<string, Value>)[name];
      if (name === "type") {
        if (!types.has(stat.type)) visit(name, value);
      } else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        for (const leaf in value) visit(name + "." + leaf, (value as Record<string, Value>)[leaf]);
      } else visit(name, value);
    }
    // Values stand in the order of the mask, whatever the browser's order is.
    report.slots.forEach((slot, i) => {
      if (slot.now === SAME && slot.poll === report.poll) return;
      if (slot.poll === report.poll) this._change(slot, i, slot.now);
      else if (slot.form !== Form.Absent) this._change(slot, i, undefined);
    });

    let own = Math.round(stat.timestamp * 1000);
    if (own === at || !own) own = 0;
    const timed = own !== 0 && own !== report.time;
    if (!define && !timed && this._mask.length === 0 && this._fresh.length === 0) return false;
    report.time = own;

    const w = this._patches;
    w.uvarint((report.number - last - 1) * 8 + (define ? Head.Define : 0) + (own ? Head.Time : 0) + (this._fresh.length ? Head.Slots : 0));
    if (define) {
      w.byte(types.get(stat.type) ?? 0);
      w.text(stat.id);
    }
    if (own) w.zigzag(own - at);
    if (!define) {
      if (this._mask.length === 0) this._mask.push(0);
      for (let i = 0; i < this._mask.length; i++) w.byte((this._mask[i] ?? 0) | (i < this._mask.length - 1 ? 0x80 : 0));
      w.raw(this._values.view());
    }
    if (define || this._fresh.length) {
      // The busiest members first: masks then end early.
      this._fresh.sort((a, b) => (a[2] || 1e5) - (b[2] || 1e5));
      w.uvarint(this._fresh.length);
      for (const [name, value, number] of this._fresh) {
        w.uvarint(number);
        if (!number) w.text(name.slice(0, 64));
        const slot: Slot = { number, name, scale: members.get(name)?.scale ?? 1, form: Form.Absent, last: 0, text: "", poll: report.poll, now: undefined };
        whole(w, slot, code(slot, value));
        report.slots.push(slot);
        report.byName.set(name, slot);
      }
    }
    return true;
  }

  /** Writes the new value of a member if it is one. */
  private _change(slot: Slot, index: number, value: Value): void {
    const w = this._values;
    const { form, number, text } = code(slot, value);
    const same = form === slot.form;
    if (same && number === slot.last && text === slot.text) return;
    this._mark(index);
    if (same && (form === Form.Number || form === Form.Micro)) {
      w.zigzag(number - slot.last);
      slot.last = number;
    } else if (same && form === Form.Text) {
      w.text(text, 1);
      slot.text = text;
    } else {
      w.byte(0); // escape: a form and a whole value follow
      whole(w, slot, coded);
    }
  }

  private _mark(index: number): void {
    const i = (index / 7) | 0;
    while (this._mask.length <= i) this._mask.push(0);
    this._mask[i] = (this._mask[i] ?? 0) | (1 << index % 7);
  }
}

/** A value as the wire has it: steps or a bit, or a text. */
interface Coded {
  form: Form;
  number: number;
  text: string;
}

// One serves all: a poll must not leave garbage behind.
const coded: Coded = { form: Form.Absent, number: 0, text: "" };

function code(slot: Slot, value: Value): Coded {
  let form = Form.JSON;
  let number = 0;
  let text = "";
  if (typeof value === "number" && Number.isFinite(value)) {
    // A member with whole steps that has a fraction after all is sent finer.
    const micro = slot.scale === 1 && !Number.isInteger(value);
    const steps = value * (micro ? 1e6 : slot.scale);
    const exact = Math.abs(steps) <= MAX_STEP;
    form = !exact ? Form.Double : micro ? Form.Micro : Form.Number;
    number = exact ? Math.round(steps) : value;
  } else if (typeof value === "string") {
    form = Form.Text;
    text = value;
  } else if (typeof value === "boolean") {
    form = Form.Bool;
    number = +value;
  } else if (value === undefined) form = Form.Absent;
  else text = guard(() => JSON.stringify(value)) ?? "null";
  coded.form = form;
  coded.number = number;
  coded.text = text;
  return coded;
}

/** Writes form and value. */
function whole(w: Writer, slot: Slot, { form, number, text }: Coded): void {
  slot.form = form;
  slot.last = number;
  slot.text = text;
  w.byte(form);
  if (form === Form.Double) w.double(number);
  else if (form === Form.Bool) w.byte(number);
  else if (form === Form.Number || form === Form.Micro) w.zigzag(number);
  else if (form !== Form.Absent) w.text(text);
}

/** Writes the header of a batch. */
export function header(w: Writer, deflated: boolean, seq: number, time: number): void {
  w.byte(0x10 | +deflated);
  w.uvarint(seq);
  w.uvarint(time);
}
