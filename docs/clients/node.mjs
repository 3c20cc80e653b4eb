// Sends spans with the official Node SDK: node node.mjs grpc|proto|json [SPANS] [ENDPOINT]
//
// npm install @opentelemetry/api @opentelemetry/resources @opentelemetry/sdk-trace-node \
//   @opentelemetry/exporter-trace-otlp-grpc @opentelemetry/exporter-trace-otlp-proto @opentelemetry/exporter-trace-otlp-http
import { createHash } from "node:crypto";
import { SpanKind, context, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

const [protocol = "grpc", count = "2000", endpoint = "http://127.0.0.1:4317"] = process.argv.slice(2);
const packages = { grpc: "otlp-grpc", proto: "otlp-proto", json: "otlp-http" };
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-${packages[protocol]}`);
const compression = process.env.OTEL_EXPORTER_OTLP_COMPRESSION;
const url = protocol === "grpc" ? endpoint : `${endpoint}/v1/traces`;
const exporter = new OTLPTraceExporter(compression === undefined ? { url } : { url, compression });
const spans = Number(count);
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": `node-${protocol}`, "service.instance.id": noise("instance", 32) }),
  spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: spans, maxExportBatchSize: 512 })],
});
const tracer = provider.getTracer("clients/node", "1");

// Digits nobody can guess and everybody gets the same: values as different as those of a busy service.
function noise(seed, length) {
  return createHash("sha256").update(String(seed)).digest("hex").slice(0, length);
}

for (let n = 0; n < spans; n += 5) {
  const order = noise(n, 12);
  const root = tracer.startSpan(`GET /orders/{id}/items`, {
    kind: SpanKind.SERVER,
    attributes: {
      "http.request.method": "GET", "http.response.status_code": n % 90 ? 200 : 503, "http.route": "/orders/{id}/items",
      "url.path": `/orders/${order}/items`, "client.address": `10.${n % 7}.${n % 251}.${n % 83}`, "client.port": 1024 + n % 60000,
      "user_agent.original": `Mozilla/5.0 (X11; Linux x86_64) build/${noise(n % 40, 6)}`, "enduser.id": noise(n % 300, 16),
    },
  });
  const inside = trace.setSpan(context.active(), root);
  for (let child = 1; child < 5 && n + child < spans; child++) {
    const span = tracer.startSpan(["SELECT items", "redis GET", "POST pricing", "publish order"][child - 1], {
      kind: SpanKind.CLIENT,
      attributes: {
        "db.query.text": `SELECT * FROM items WHERE order_id = '${order}' LIMIT ${n % 50}`, "db.system.name": "postgresql",
        "server.address": `shard-${n % 16}.internal`, "server.port": 5432, "app.key": noise(n * 5 + child, 24), "app.rows": n % 977,
      },
    }, inside);
    if (child === 4) span.addEvent("retry", { attempt: n % 3, reason: noise(n + 1, 8) });
    span.end();
  }
  root.end();
  // The exporter sends at most 30 requests at once and fails the others.
  if (n % 5000 === 0) await provider.forceFlush();
}
await provider.forceFlush();
await provider.shutdown();
console.log(`${spans} spans ended, over ${protocol}`);
