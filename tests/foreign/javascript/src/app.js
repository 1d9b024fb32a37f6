// Counts the visits of each page, and says when the last one was.
import { Fields, OutgoingBody, OutgoingResponse, ResponseOutparam } from "wasi:http/types@0.2.12";
import { open } from "wasi:keyvalue/store@0.2.0-draft";

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

export const incomingHandler = {
  handle(request, out) {
    const page = request.pathWithQuery();
    const visits = request.method().tag === "post" ? visit(page) : read(page);
    answer(out, visits ? 200 : 404, visits ?? { page, count: 0 });
  },
};

/// Adds a visit to a page.
function visit(page) {
  const visits = { page, count: (read(page)?.count ?? 0) + 1, last: new Date().toISOString() };
  open("visits").set(page, encoder.encode(JSON.stringify(visits)));
  return visits;
}

function read(page) {
  const bytes = open("visits").get(page);
  return bytes && JSON.parse(decoder.decode(bytes));
}

function answer(out, status, value) {
  const response = new OutgoingResponse(Fields.fromList([["content-type", encoder.encode("application/json")]]));
  response.setStatusCode(status);
  const body = response.body();
  ResponseOutparam.set(out, { tag: "ok", val: response });
  const stream = body.write();
  stream.blockingWriteAndFlush(encoder.encode(`${JSON.stringify(value)}\n`));
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
}
