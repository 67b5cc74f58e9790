// The console's language: what lines mean, where errors point, and that what buttons echo
// can be typed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { complete } from "../workbench/console/complete";
import { callText, composite, line, quote } from "../workbench/console/echo";
import { LineError } from "../workbench/console/lex";
import { NEW, parse, verbs, type Plan } from "../workbench/console/parse";
import { newView, reduce, type AnyEvent } from "../reduce";
import type { Socket } from "../workbench/model";

const alone = { listeners: [3] };
const S = (op: string, args: object): { op: string; args: object } => ({ op, args });
const calls = (...steps: { op: string; args: object }[]): object => ({ kind: "calls", steps });
const tcp = S("socket", { proto: "tcp" });

const good: readonly [line: string, plan: object][] = [
  ["ping B", calls(S("ping", { addr: "B" }))],
  ["arp", { kind: "table", of: "neighbours" }],
  ["ip neigh", { kind: "table", of: "neighbours" }],
  ["ip maddr", { kind: "table", of: "groups" }],
  ["mac", { kind: "table", of: "macs" }],
  ["arp flush A", { kind: "world", step: S("neigh.flush", { host: "A" }) }],
  [
    "arp flush A 10.0.0.2 nic eth0",
    { kind: "world", step: S("neigh.flush", { host: "A", addr: "10.0.0.2", nic: "eth0" }) },
  ],
  ["ip neigh flush A fd00::2",
    { kind: "world", step: S("neigh.flush", { host: "A", addr: "fd00::2" }) }],
  ["host add S1 switch",
    { kind: "world", step: S("host.add", { name: "S1", id: "S1", switch: true }) }],
  ["nic add S1 name jumbo mtu 9000",
    { kind: "world", step: S("nic.add", { host: "S1", nic: "jumbo", mtu: 9000 }) }],
  ["setsockopt 3 IP_ADD_MEMBERSHIP 239.1.1.1%eth0", calls(
    S("setsockopt", { fd: 3, option: "IP_ADD_MEMBERSHIP", text: "239.1.1.1%eth0" }))],
  [
    "ping 10.0.0.2 count 3 interval 200ms size 1000 ttl 5 df timeout 500ms src 10.0.0.1",
    calls(
      S("ping", {
        addr: "10.0.0.2", count: 3, interval_ns: 2e8, size: 1000, ttl: 5, df: true,
        timeout_ns: 5e8, src: "10.0.0.1",
      }),
    ),
  ],
  [
    "ping fd00::1 from R count 1",
    { kind: "world", step: S("ping", { addr: "fd00::1", host: "R", count: 1 }) },
  ],
  [
    "traceroute B icmp hops 4 probes 1",
    calls(S("traceroute", { addr: "B", proto: "icmp", max_hops: 4, probes: 1 })),
  ],
  ["interrupt k7", { kind: "world", step: S("interrupt", { call: "k7" }) }],
  [
    "nat set R eth1 masquerade mapping address filtering port ports 2000-3000 hairpin off" +
      " refresh both udp 300s",
    {
      kind: "world",
      step: S("nat.set", {
        host: "R", nic: "eth1", kind: "masquerade", mapping: "address-dependent",
        filtering: "address-and-port-dependent", port_low: 2000, port_high: 3000,
        hairpin: false, inbound_refresh: true, udp_ns: 3e11,
      }),
    },
  ],
  [
    "nat set R eth1 off",
    { kind: "world", step: S("nat.set", { host: "R", nic: "eth1", kind: "off" }) },
  ],
  [
    "nat forward R eth1 tcp 8080 10.0.0.2:80",
    {
      kind: "world",
      step: S("nat.forward", {
        host: "R", nic: "eth1", proto: "tcp", port: 8080, to: "10.0.0.2:80",
      }),
    },
  ],
  [
    "nat unforward R eth1 udp 53",
    { kind: "world", step: S("nat.forward", { host: "R", nic: "eth1", proto: "udp", port: 53 }) },
  ],
  [
    "route add R 10.0.0.0/8 blackhole",
    {
      kind: "world",
      step: S("route.add", { host: "R", dst: "10.0.0.0/8", type: "blackhole" }),
    },
  ],
  ["listen 8081", calls(tcp, S("bind", { fd: NEW, port: 8081 }), S("listen", { fd: NEW }))],
  [
    "listen 50.50.50.50:8081 5",
    calls(
      tcp,
      S("bind", { fd: NEW, addr: "50.50.50.50", port: 8081 }),
      S("listen", { fd: NEW, backlog: 5 }),
    ),
  ],
  ["listen *:80", calls(tcp, S("bind", { fd: NEW, port: 80 }), S("listen", { fd: NEW }))],
  ["listen fd 3 2", calls(S("listen", { fd: 3, backlog: 2 }))],
  ["LISTEN 65536", calls(tcp, S("bind", { fd: NEW, port: 65536 }), S("listen", { fd: NEW }))],
  [
    "connect 50.50.50.50:8081",
    calls(tcp, S("connect", { fd: NEW, addr: "50.50.50.50", port: 8081 })),
  ],
  [
    "connect 50.50.50.50:8081 from 3001",
    calls(
      tcp,
      S("bind", { fd: NEW, port: 3001 }),
      S("connect", { fd: NEW, addr: "50.50.50.50", port: 8081 }),
    ),
  ],
  ["connect fd 4 1.2.3.4:5", calls(S("connect", { fd: 4, addr: "1.2.3.4", port: 5 }))],
  ["accept", calls(S("accept", { fd: 3 }))],
  ["accept 7", calls(S("accept", { fd: 7 }))],
  ['send 4 "hello, \\"B\\"\\n"', calls(S("send", { fd: 4, text: 'hello, "B"\n' }))],
  ["send 4 안녕", calls(S("send", { fd: 4, text: "안녕" }))],
  ["send 4 octets 64k", calls(S("send", { fd: 4, octets: 65536 }))],
  ["recv 4", calls(S("recv", { fd: 4 }))],
  ["recv 4 10", calls(S("recv", { fd: 4, max: 10 }))],
  ["recv -1", calls(S("recv", { fd: -1 }))],
  ["close 4", calls(S("close", { fd: 4 }))],
  ["shutdown 4 wr", calls(S("shutdown", { fd: 4, how: "wr" }))],
  ["udp 5000", calls(S("socket", { proto: "udp" }), S("bind", { fd: NEW, port: 5000 }))],
  ["udp", calls(S("socket", { proto: "udp" }))],
  [
    'sendto 3 50.50.50.50:5000 "hi"',
    calls(S("sendto", { fd: 3, addr: "50.50.50.50", port: 5000, text: "hi" })),
  ],
  ["recvfrom 3", calls(S("recvfrom", { fd: 3 }))],
  [
    "setsockopt 3 so_reuseaddr 1",
    calls(S("setsockopt", { fd: 3, option: "SO_REUSEADDR", value: 1 })),
  ],
  [
    "setsockopt 3 tcp_congestion reno",
    calls(S("setsockopt", { fd: 3, option: "TCP_CONGESTION", text: "reno" })),
  ],
  ["socket tcp ip6", calls(S("socket", { proto: "tcp", family: "ip6" }))],
  ['send 4 "!" oob more', calls(S("send", { fd: 4, text: "!", flags: ["oob", "more"] }))],
  [
    'sendto 4 1.2.3.4:5 "x" fastopen',
    calls(S("sendto", { fd: 4, addr: "1.2.3.4", port: 5, text: "x", flags: ["fastopen"] })),
  ],
  ["recv 4 10 peek", calls(S("recv", { fd: 4, max: 10, flags: ["peek"] }))],
  ["recv 4 oob", calls(S("recv", { fd: 4, flags: ["oob"] }))],
  [
    "poll 3 in 4 in,out timeout 500",
    calls(
      S("poll", {
        fds: [
          { fd: 3, events: ["POLLIN"] },
          { fd: 4, events: ["POLLIN", "POLLOUT"] },
        ],
        timeout_ms: 500,
      }),
    ),
  ],
  ["poll 3 pri", calls(S("poll", { fds: [{ fd: 3, events: ["POLLPRI"] }], timeout_ms: -1 }))],
  ["ioctl 3 siocinq", calls(S("ioctl", { fd: 3, request: "SIOCINQ" }))],
  ["fcntl 3 f_getfl", calls(S("fcntl", { fd: 3, cmd: "F_GETFL" }))],
  [
    "fcntl 3 f_setfl o_nonblock",
    calls(S("fcntl", { fd: 3, cmd: "F_SETFL", flags: ["O_NONBLOCK"] })),
  ],
  ["ss -tan", { kind: "ss", proto: "tcp", listening: false }],
  ["ss -uan", { kind: "ss", proto: "udp", listening: false }],
  ["ss -l -t", { kind: "ss", proto: "tcp", listening: true }],
  [
    "tc link l1 delay 40ms loss 5% rate 10mbit queue 64k",
    {
      kind: "world",
      step: S("link.set", {
        link: "l1",
        delay_ns: 40e6,
        loss_ppm: 50_000,
        rate_bps: 10e6,
        queue_octets: 65536,
      }),
    },
  ],
  [
    "tc link l1 duplicate 1% corrupt 0.5% reorder 2%",
    {
      kind: "world",
      step: S("link.set", {
        link: "l1",
        dup_ppm: 10_000,
        corrupt_ppm: 5_000,
        reorder_ppm: 20_000,
      }),
    },
  ],
  [
    "tc link l1 overtaking on packets 40 discipline codel ecn on target 5ms interval 100ms",
    {
      kind: "world",
      step: S("link.set", {
        link: "l1",
        jitter_reorders: true,
        queue_packets: 40,
        queue: "codel",
        queue_ecn: true,
        codel_target_ns: 5e6,
        codel_interval_ns: 1e8,
      }),
    },
  ],
  [
    "tc link l1 discipline red min 5 max 15 maxp 10% weight 9 gentle off back delay 90ms loss 1%",
    {
      kind: "world",
      step: S("link.set", {
        link: "l1",
        queue: "red",
        red_min: 5,
        red_max: 15,
        red_max_p_ppm: 100_000,
        red_weight: 9,
        red_gentle: false,
        b_to_a: { delay_ns: 9e7, loss_ppm: 10_000 },
      }),
    },
  ],
  ["tc link l1 back same", { kind: "world", step: S("link.set", { link: "l1", b_to_a: {} }) }],
  [
    "rules l1 drop forth data nth 3 / pass tcp flags S without A / delay 50ms jitter 2ms every 4",
    {
      kind: "world",
      step: S("link.rules", {
        link: "l1",
        rules: [
          { action: "drop", dir: "a_to_b", segment: "data", nth: 3 },
          { action: "pass", proto: "tcp", flags: "S", without: "A" },
          { action: "delay", by_ns: 5e7, jitter_ns: 2e6, every: 4 },
        ],
      }),
    },
  ],
  [
    "rules l1 corrupt 400 udp first 2 / reorder behind 3 back dport 80 / mark ce chance 5% from 1000ms",
    {
      kind: "world",
      step: S("link.rules", {
        link: "l1",
        rules: [
          { action: "corrupt", bit: 400, proto: "udp", first: 2 },
          { action: "reorder", behind: 3, dir: "b_to_a", dst_port: 80 },
          { action: "mark", ecn: "ce", ppm: 50_000, from_ns: 1e9 },
        ],
      }),
    },
  ],
  ["rules l1 none", { kind: "world", step: S("link.rules", { link: "l1", rules: [] }) }],
  [
    'edit #17 ttl 1 seq 5 flags RA df off payload 3 "noon" keep',
    {
      kind: "world",
      step: S("segment.edit", {
        pkt: 17,
        set: { ttl: 1, seq: 5, flags: "RA", df: false, payload: { offset: 3, text: "noon" } },
        checksum: "keep",
      }),
    },
  ],
  [
    "forge A R conn c1 by 100",
    {
      kind: "world",
      step: S("segment.inject", { host: "A", flags: "R", conn: "c1", seq_by: 100 }),
    },
  ],
  [
    'forge R S from 10.0.0.2:9 to [fd00::1]:80 seq 7 mss 900 sackok ts 5 0 bad "hi"',
    {
      kind: "world",
      step: S("segment.inject", {
        host: "R",
        flags: "S",
        src: "10.0.0.2",
        sport: 9,
        dst: "fd00::1",
        dport: 80,
        seq: 7,
        mss: 900,
        sack_ok: true,
        ts_val: 5,
        ts_ecr: 0,
        checksum: "bad",
        text: "hi",
      }),
    },
  ],
  ["tc link l1 down", { kind: "world", step: S("link.set", { link: "l1", up: false }) }],
  ["drop #17", { kind: "world", step: S("segment.drop", { pkt: 17 }) }],
  ["delay #17 50ms", { kind: "world", step: S("segment.delay", { pkt: 17, by_ns: 50e6 }) }],
  ["duplicate 17", { kind: "world", step: S("segment.duplicate", { pkt: 17 }) }],
  ["corrupt #17 160", { kind: "world", step: S("segment.corrupt", { pkt: 17, bit: 160 }) }],
  ["reorder #17", { kind: "world", step: S("segment.reorder", { pkt: 17 }) }],
  ["mark #17 ce", { kind: "world", step: S("segment.mark", { pkt: 17, ecn: "ce" }) }],
  ["inject X RQAA", { kind: "world", step: S("packet.inject", { host: "X", base64: "RQAA" }) }],
  [
    "listen [fd00::1]:80",
    calls(
      S("socket", { proto: "tcp", family: "ip6" }),
      S("bind", { fd: NEW, addr: "fd00::1", port: 80 }),
      S("listen", { fd: NEW }),
    ),
  ],
  [
    "connect [fd00:1::2]:80 from 3001",
    calls(
      S("socket", { proto: "tcp", family: "ip6" }),
      S("bind", { fd: NEW, port: 3001 }),
      S("connect", { fd: NEW, addr: "fd00:1::2", port: 80 }),
    ),
  ],
  [
    "udp [::]:53",
    calls(
      S("socket", { proto: "udp", family: "ip6" }),
      S("bind", { fd: NEW, addr: "::", port: 53 }),
    ),
  ],
  [
    "connect fd 3 [::ffff:1.2.3.4]:80",
    calls(S("connect", { fd: 3, addr: "::ffff:1.2.3.4", port: 80 })),
  ],
  [
    "host add X 9.9.9.9/24 fd00::9/64 bare",
    {
      kind: "world",
      step: S("host.add", {
        id: "X",
        name: "X",
        addr: "9.9.9.9/24",
        addr6: "fd00::9/64",
        bare: true,
      }),
    },
  ],
  [
    "host add F profile freebsd",
    { kind: "world", step: S("host.add", { id: "F", name: "F", profile: "freebsd" }) },
  ],
  [
    "nic add R 10.0.0.1/24 fd00:1::1/64 mtu 1400",
    {
      kind: "world",
      step: S("nic.add", { host: "R", addr: "10.0.0.1/24", addr6: "fd00:1::1/64", mtu: 1400 }),
    },
  ],
  [
    "route add A ::/0 via fd00::1 mtu 1400 advmss 1200",
    {
      kind: "world",
      step: S("route.add", { host: "A", dst: "::/0", via: "fd00::1", mtu: 1400, adv_mss: 1200 }),
    },
  ],
  [
    "host add D 44.44.44.44/24",
    { kind: "world", step: S("host.add", { id: "D", name: "D", addr: "44.44.44.44/24" }) },
  ],
  [
    "host add R2 router",
    { kind: "world", step: S("host.add", { id: "R2", name: "R2", forward: true }) },
  ],
  [
    "link add A.eth1 R delay 1.5ms",
    {
      kind: "world",
      step: S("link.add", { a: { host: "A", nic: "eth1" }, b: { host: "R" }, delay_ns: 1.5e6 }),
    },
  ],
  [
    "route add A 0.0.0.0/0 via 10.0.0.1",
    { kind: "world", step: S("route.add", { host: "A", dst: "0.0.0.0/0", via: "10.0.0.1" }) },
  ],
  ["proc start A client", { kind: "world", step: S("proc.start", { host: "A", name: "client" }) }],
  ["play 0.1", { kind: "clock", step: S("clock.play", { speed: 0.1 }) }],
  ["play max", { kind: "clock", step: S("clock.play", { speed: "max" }) }],
  ["step segment", { kind: "clock", step: S("clock.step", { unit: "segment" }) }],
  ["help tc", { kind: "help", about: "tc" }],
];

test("a line means what it says", () => {
  for (const [text, plan] of good) assert.deepEqual(parse(text, alone), plan, text);
  assert.equal(parse("   ", alone), null);
});

const wrong: readonly [line: string, key: string, col: number][] = [
  ["lsten 80", "console.unknown_near", 0],
  ["frobnicate", "console.unknown", 0],
  ["listen", "console.want", 7],
  ["listen eighty", "console.not", 7],
  ["listen 1.2.3:80", "console.not", 7],
  ["connect 50.50.50.50", "console.not", 8],
  ["connect 50.50.50.256:80", "console.not", 8],
  ["connect 50.50.50.50:80 from", "console.want", 28],
  ["connect 50.50.50.50:80 form 3001", "console.too_much", 23],
  ["send", "console.want", 5],
  ["send four hi", "console.not", 5],
  ["send 4", "console.want", 7],
  ['send 4 "hi', "console.open_quote", 7],
  ['send 4 "a\\q"', "console.bad_escape", 9],
  ["send 4 hello world", "console.too_much", 13],
  ["shutdown 4 all", "console.not", 11],
  ["socket icmp", "console.not", 7],
  ["tc l1 delay 4ms", "console.not", 3],
  ["tc link l1 delay 4", "console.not", 17],
  ["tc link l1 loss 120%", "console.not", 16],
  ["tc link l1", "console.want", 11],
  ["tc link l1 speed 3", "console.not", 11],
  ["tc link l1 discipline fifo", "console.not", 22],
  ["rules l1", "console.want", 9],
  ["rules l1 eat data", "console.not", 9],
  ["rules l1 drop data seventh", "console.not", 19],
  // On the wire 0 is no condition: the rule would act on everything.
  ["rules l1 drop data nth 0", "console.not", 23],
  ["rules l1 drop every 0", "console.not", 20],
  ["rules l1 drop first -1", "console.not", 20],
  ["rules l1 drop chance 0%", "console.not", 21],
  ["host add X 10.0.0.300/24", "console.not", 11],
  ["host add X 10.0.0.1", "console.not", 11],
  ["host add X fd00::1", "console.not", 11],
  ["edit #17", "console.want", 9],
  ["edit #17 color 3", "console.not", 9],
  ["edit #17 flags XYZ", "console.not", 15],
  ["forge A R sideways", "console.not", 10],
  ["route add A 10.0.0.0/8 by 1.1.1.1", "console.not", 23],
  ["route add A 10.0.0.0/8", "console.want", 23],
  ["play 5000", "console.not", 5],
  ["ss --all", "console.not", 3],
  ["close 4 5", "console.too_much", 8],
  ["connect fd00::1:80", "console.not", 8],
  ["connect [fd00::1::2]:80", "console.not", 8],
  ["connect [1.2.3.4]:80", "console.not", 8],
  ["connect [fd00:1:2:3:4:5:6:7:8]:80", "console.not", 8],
  ["route add A fd00::/129 via fd00::1", "console.not", 12],
  ["route add A ::/0 via fd00::1 metric 3", "console.not", 29],
  ["mark #17 maybe", "console.not", 9],
  ["delay #17", "console.want", 10],
];

test("an error points at the word that is wrong", () => {
  for (const [text, key, col] of wrong) {
    assert.throws(
      () => parse(text, alone),
      (e: unknown) => {
        assert.ok(e instanceof LineError, `${text}: ${String(e)}`);
        assert.deepEqual([e.key, e.col], [key, col], text);
        return true;
      },
    );
  }
});

test("accept alone asks which listener when there is none or more than one", () => {
  for (const [listeners, key] of [
    [[], "console.no_listener"],
    [[3, 5], "console.which_listener"],
  ] as const) {
    assert.throws(
      () => parse("accept", { listeners }),
      (e: unknown) => e instanceof LineError && e.key === key,
    );
  }
});

function stepsOf(plan: Plan | null): { op: string; args: Record<string, unknown> }[] {
  if (plan?.kind === "calls") return plan.steps;
  return plan?.kind === "world" || plan?.kind === "clock" ? [plan.step] : [];
}

test("what a button echoes means the same when typed", () => {
  for (const [text, plan] of good) {
    const steps = stepsOf(parse(text, alone));
    if (steps.length === 0 || (text.startsWith("udp") && steps.length === 1)) continue;
    const echoed = steps.length > 1 ? composite(steps) : line(steps[0]!.op, steps[0]!.args);
    assert.deepEqual(parse(echoed, alone), plan, `${text} → ${echoed}`);
  }
});

test("a call reads as strace prints it", () => {
  assert.equal(callText("bind", { fd: 3, port: 8081 }), "bind(3, *:8081)");
  assert.equal(callText("connect", { fd: 3, addr: "1.2.3.4", port: 5 }), "connect(3, 1.2.3.4:5)");
  assert.equal(callText("bind", { fd: 3, addr: "::", port: 5 }), "bind(3, [::]:5)");
  assert.equal(callText("send", { fd: 4, text: 'a"b' }), 'send(4, "a\\"b")');
  assert.equal(callText("accept", { fd: 3 }), "accept(3)");
  assert.equal(quote("tab\t"), '"tab\\t"');
});

test("Tab completes verbs, descriptors, links and where somebody listens", () => {
  const view = newView();
  const socket: Socket = {
    id: "s1",
    host: "B",
    proc: "B.server",
    fd: 3,
    proto: "tcp",
    family: "ip4",
    local: "0.0.0.0:8081",
    remote: "",
    listening: true,
    backlog: 128,
    syn_queue: 0,
    accept_queue: 0,
    listener: "",
    conn: "",
    octets: 0,
    datagrams: 0,
    error: "",
    shut_read: false,
    shut_write: false,
    options: [],
  };
  view.sockets.push(socket);
  view.hosts.push({
    id: "B",
    name: "B",
    profile: "linux",
    forward: false,
    bare: false,
    nics: [{ id: "eth0", addr: "50.50.50.50/24", addr6: "", mtu: 1500 }],
    routes: [],
    paths: [],
    procs: [],
    knobs: [],
  });
  assert.deepEqual(complete("con", view, "A.client"), { from: 0, options: ["connect"] });
  assert.deepEqual(complete("accept ", view, "B.server"), { from: 7, options: ["3"] });
  assert.deepEqual(complete("accept ", view, "A.client").options, []);
  assert.deepEqual(complete("connect 50", view, "A.client"), {
    from: 8,
    options: ["50.50.50.50:8081"],
  });
  assert.deepEqual(complete("help sh", view, "A.client").options, ["shutdown"]);
});

test("Tab completes what links and hands know", () => {
  const view = newView();
  for (const [kind, body] of [
    ["link.added", { link: "l1", a: { host: "A", nic: "e" }, b: { host: "B", nic: "e" } }],
    ["datagram.sent", { sock: "s", dgram: { src: "1.1.1.1:1", dst: "2.2.2.2:2", len: 0 } }],
  ] as const) {
    reduce(view, { n: 17, t: 0, kind, by: 1, rule: "r", host: "A", ...body } as AnyEvent);
  }
  const options = (line: string): string[] => complete(line, view, "A.client").options;
  assert.deepEqual(options("rules "), ["l1"]);
  assert.deepEqual(options("rules l1 du"), ["duplicate"]);
  assert.deepEqual(options("tc link l1 discipline "), ["droptail", "codel", "red"]);
  assert.deepEqual(options("tc link l1 ecn "), ["on", "off"]);
  assert.deepEqual(options("edit "), ["#17"]);
  assert.deepEqual(options("drop "), ["#17"]);
  assert.deepEqual(options("edit #17 wn"), ["wnd"]);
  assert.deepEqual(options("edit #17 ecn c"), ["ce"]);
  assert.deepEqual(options("forge A R by 5 sa"), ["sackok"]);
});

test("every verb has a name of its own and says how it is written", () => {
  assert.equal(new Set(verbs.map((v) => v.name)).size, verbs.length);
  for (const v of verbs) assert.ok(v.usage.startsWith(v.name), v.usage);
});
