"""Sends spans with the official Python SDK: python python.py grpc|proto [SPANS] [ENDPOINT]

pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-grpc opentelemetry-exporter-otlp-proto-http
"""

import importlib
import sys

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, set_span_in_context

protocol, count, endpoint = (sys.argv[1:] + ["grpc", "2000", "http://127.0.0.1:4317"][len(sys.argv) - 1:])[:3]
kinds = {"grpc": ("grpc", {"endpoint": endpoint, "insecure": True}), "proto": ("http", {"endpoint": f"{endpoint}/v1/traces"})}
package, arguments = kinds[protocol]
exporter = importlib.import_module(f"opentelemetry.exporter.otlp.proto.{package}.trace_exporter").OTLPSpanExporter(**arguments)
spans = int(count)
provider = TracerProvider(resource=Resource.create({"service.name": f"python-{protocol}"}))
# The queue holds everything: what is counted at the other end is then all there is.
provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=spans, max_export_batch_size=512))
tracer = provider.get_tracer("clients/python", "1")
for n in range(0, spans, 5):
    root = tracer.start_span("GET /orders/{id}", kind=SpanKind.SERVER, attributes={"url.path": f"/orders/{n}", "http.request.method": "GET"})
    inside = set_span_in_context(root)
    for child in range(1, min(5, spans - n)):
        span = tracer.start_span("SELECT items", context=inside, kind=SpanKind.CLIENT, attributes={"db.rows": n % 977, "shard": f"shard-{n % 16}"})
        span.end()
    root.end()
provider.force_flush()
provider.shutdown()
print(f"{spans} spans ended, over {protocol}")
