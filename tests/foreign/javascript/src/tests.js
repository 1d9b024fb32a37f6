import { open } from "wasi:keyvalue/store@0.2.0-draft";

import { suite } from "./suite.js";

const HOUR_MILLISECONDS = 3_600_000;

const tests = {
  async visits_are_counted() {
    equal(await send("POST", "/a"), { page: "/a", count: 1, last: "2026-01-01T00:00:00.000Z" });
    equal((await send("POST", "/a")).count, 2);
    equal((await send("GET", "/b")).count, 0);
  },

  // each test has a store of its own, which is empty when it begins
  async the_store_has_a_key_for_each_page() {
    equal(open("visits").listKeys().keys, []);
    await send("POST", "/a");
    await send("POST", "/b");
    equal(open("visits").listKeys().keys.sort(), ["/a", "/b"]);
  },

  // nobody waits for an hour: time is the test's own, and the application's too
  async the_last_visit_has_its_time() {
    await new Promise((done) => setTimeout(done, HOUR_MILLISECONDS));
    equal((await send("POST", "/a")).last, "2026-01-01T01:00:00.000Z");
  },
};

const ignored = {
  async a_hundred_visits() {
    for (let visit = 1; visit <= 100; visit += 1) equal((await send("POST", "/a")).count, visit);
  },
};

export const run = { run: () => suite(tests, ignored) };

async function send(method, page) {
  const response = await fetch(`http://app.test${page}`, { method });
  return response.json();
}

function equal(found, expected) {
  const [left, right] = [found, expected].map((value) => JSON.stringify(value));
  if (left !== right) throw new Error(`found ${left}, expected ${right}`);
}
