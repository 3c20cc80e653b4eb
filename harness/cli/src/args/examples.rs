//! Examples at the end of `--help`. A line of a command is set in by two; a test reads them all with the parser.

pub(super) const SPANFATE: &str = "\
Begin with one of these:

  spanfate scenario qps5k.toml
  spanfate try --rate 1000/s --answer-after 30ms 'queue=2048' 'queue=8192'
  spanfate new mine.toml -- ./service --listen 127.0.0.1:{port}
  spanfate peek --pid 4711
  spanfate explain --sample dropped_queue_full

`spanfate COMMAND --help` says more of each.";

pub(super) const SCENARIO: &str = "\
Examples:

  spanfate scenario qps5k.toml
  spanfate scenario qps5k --variant 'answer-*' --trials 5
  spanfate scenario qps5k --rate 2000/s --for 20s --set exporter.queue=8192
  spanfate scenario qps5k --failed
  spanfate scenario nightly.toml --ci out --max-duration 20min";

pub(super) const TRY: &str = "\
Examples:

  spanfate try 'queue=2048' 'queue=8192'
  spanfate try --rate 5000/s --answer-after 30ms defaults 'queue=8192,batch=2048'
  spanfate try --pairs 10 'compression=none' 'compression=gzip'";

pub(super) const VALIDATE: &str = "\
Examples:

  spanfate validate mine.toml
  spanfate validate mine.toml --set load.rate=20000/s";

pub(super) const NEW: &str = "\
Examples:

  spanfate new mine.toml
  spanfate new chain.toml --kind chain
  spanfate new mine.toml --url http://127.0.0.1:{port}/work -- ./service --listen 127.0.0.1:{port}";

pub(super) const COMPARE: &str = "\
Examples:

  spanfate compare qps5k-20261126T060340Z qps5k-20261127T060340Z
  spanfate compare --sdk 1.44 --sdk path:../opentelemetry-go smoke --pairs 10 --gate response.p50=5%
  spanfate compare --collector 0.160 --collector 0.165 collector-restart --variant back-end-up";

pub(super) const DIFF: &str = "\
Examples:

  spanfate diff spans.json traces.json
  spanfate diff qps5k-20261126T060340Z collector.json.zst
  spanfate diff left.pb jaeger.json --strict=times,order --html diff.html
  spanfate diff collector.json - --json
  spanfate diff qps5k-20261126T060340Z jaeger:http://127.0.0.1:16686
  spanfate diff jaeger:http://old:16686 jaeger:http://new:16686 --search=1h --service checkout
  spanfate diff --live receive:4327 receive:4328 --window 10s --for 1min";

pub(super) const FRONTIER: &str = "\
Examples:

  spanfate frontier qps5k --variant 'answer-*'
  spanfate frontier outage.toml --along outage --resolution 10%";

pub(super) const BISECT: &str = "\
Examples:

  spanfate bisect --good 1.38.0 --bad 1.47.0 mine.toml
  spanfate bisect --collector ./otelcol-0.150 --collector ./otelcol-0.158 --collector 0.165 collector-restart";

pub(super) const REPORT: &str = "\
Examples:

  spanfate report qps5k-20261126T060340Z --open
  spanfate report qps5k-20261126T060340Z --format junit --output junit.xml
  spanfate report --compare qps5k-20261126T060340Z qps5k-20261127T060340Z
  spanfate report --serve";

pub(super) const EXPORT: &str = "\
Examples:

  spanfate export qps5k-20261126T060340Z --csv --out spans.csv
  spanfate export qps5k-20261126T060340Z --parquet --out spans.parquet
  spanfate export qps5k-20261126T060340Z --ndjson --trial 7";

pub(super) const EXPLAIN: &str = "\
Examples:

  spanfate explain 4bf92f3577b34da6
  spanfate explain 4bf9 qps5k-20261126T060340Z
  spanfate explain --sample export_failed --count 3";

pub(super) const WHY: &str = "\
Examples:

  spanfate why
  spanfate why qps5k-20261126T060340Z
  spanfate why results/qps5k-20261126T060340Z --format json
  spanfate why --metrics http://localhost:9464/metrics --for 1min
  spanfate why --metrics before.prom after.prom --apart 30s --traces traces.json --logs service.log
  spanfate why --forecast --metrics http://localhost:9464/metrics --every 5s
  spanfate why --forecast --pid 4711
  spanfate why --metrics metrics.csv --traces traces.csv
  spanfate why --evaluate --cases 40";

pub(super) const ATTACH: &str = "\
Examples:

  spanfate attach -- ./service --listen 127.0.0.1:8080
  spanfate attach --load http://127.0.0.1:{port}/work --rate 500/s --for 10s -- ./service --listen 127.0.0.1:{port}
  spanfate attach --relay https://collector.example:4317 -- ./service
  spanfate attach --logs service.log -- ./service --log-to service.log
  spanfate attach --pid 4711 --for 1min";

pub(super) const RECEIVE: &str = "\
Examples:

  spanfate receive
  spanfate receive --listen 127.0.0.1:0 --answer-after 30ms --json
  spanfate receive --relay https://collector.example:4317";

pub(super) const CANARY: &str = "\
Examples:

  spanfate canary --to http://localhost:4317 --from receive:127.0.0.1:4319 --for 1min
  spanfate canary --to https://otlp.example:4317 --from tempo:https://tempo.example --once
  spanfate canary --to http://localhost:4318 --protocol http/protobuf --from jaeger:http://localhost:16686 --watch --metrics 9477";

pub(super) const LINT: &str = "\
Examples:

  spanfate lint collector.yaml --rate 5000/s
  spanfate lint agent.yaml gateway.yaml --rate 20000/s --rtt 50ms --outage 5min --format json";

pub(super) const LOGS: &str = "\
Examples:

  spanfate logs logs-full-queue-20261126T060340Z
  spanfate logs attach-service-20261126T060340Z --logs service.log --require 99%
  spanfate logs attach-service-20261126T060340Z --logs collector.json --json";
pub(super) const CONTRACT: &str = "\
Examples:

  spanfate contract init 20261130-120000-http
  spanfate contract check 20261130-120000-http
  spanfate contract check --attach --load http://127.0.0.1:{port}/ -- ./service --listen 127.0.0.1:{port}
  spanfate contract check --receive --for 1min --contract registry/ --format weaver";

pub(super) const CLAIMS: &str = "\
Examples:

  spanfate claims --list
  spanfate claims --section 2.4
  spanfate claims --file vendor.toml --quick
  spanfate claims --sdk 1.38,1.44,1.47 --section 2.3";

pub(super) const PEEK: &str = "\
Examples:

  spanfate peek --pid 4711
  spanfate peek --pid 4711 --watch
  spanfate peek --metrics http://localhost:8888/metrics --outage 60s";

pub(super) const ADVISE: &str = "\
Examples:

  spanfate advise --rate 5000/s --spans-per-request 5 --rtt 30ms
  spanfate advise --spans 25000/s --rtt 30ms --outage 10s
  spanfate advise --spans 5000/s --rtt 20ms --outage 60s --collector agent.yaml gateway.yaml
  spanfate advise --metrics http://127.0.0.1:9464/metrics http://127.0.0.1:8888/metrics
  spanfate advise --metrics before.txt after.txt --apart 15s";
