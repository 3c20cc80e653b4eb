//! Which export path of its client a request came by.

use super::bench::bench;
use spanfate_testkit::client::{EXPORT, grpc_request, http_request};
use spanfate_testkit::message;

#[tokio::test]
async fn the_export_path_that_a_client_names_is_in_the_log() {
    let bench = bench(|config| config.path = 2);
    let message = message::spans(2);
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    // What is no number of a path says nothing: then it is the one that the receiver stands for.
    let said = [None, Some("1"), Some("15"), Some("0"), Some("256"), Some("-1"), Some("main")];
    for path in said {
        let mut over_http = http_request("POST", "/v1/traces", "application/x-protobuf", &message, false);
        let mut over_grpc = grpc_request(EXPORT, &message, false);
        for request in [&mut over_http, &mut over_grpc] {
            if let Some(path) = path {
                request.headers_mut().insert("spanfate-path", path.parse().unwrap());
            }
        }
        assert!(one.send(over_http).await.status.is_success());
        assert_eq!(two.send(over_grpc).await.grpc, Some(0));
    }
    let (log, _) = bench.finish().await;
    let paths: Vec<u8> = log.requests.iter().map(|request| request.path).collect();
    assert_eq!(paths, [2, 2, 1, 1, 15, 15, 0, 0, 2, 2, 2, 2, 2, 2]);
}
