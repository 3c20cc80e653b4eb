//! The server's counters, in the text format of Prometheus.

/// Bytes of a proxy's connections that have ended. What is still open counts nothing yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProxyBytes {
    /// Taken from clients.
    pub upstream: u64,
    /// Taken from the upstream.
    pub downstream: u64,
    /// Handed to the upstream by connections that it did not break; toxics may have swallowed the rest.
    pub sent_upstream: u64,
    /// Handed to clients by connections that they did not break.
    pub sent_downstream: u64,
}

/// Adds up what a page of metrics says of one proxy.
pub(super) fn of_proxy(page: &str, name: &str) -> ProxyBytes {
    let mut out = ProxyBytes::default();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let Some((metric, rest)) = line.split_once('{') else { continue };
        let Some((labels, value)) = rest.rsplit_once('}') else { continue };
        // Names of proxies hold nothing that would be escaped here; `Client` sees to it.
        let is = |label: &str, text: &str| labels.split(',').any(|one| one == format!("{label}=\"{text}\""));
        let to = match (metric, is("direction", "upstream")) {
            ("toxiproxy_proxy_received_bytes_total", true) => &mut out.upstream,
            ("toxiproxy_proxy_received_bytes_total", false) => &mut out.downstream,
            ("toxiproxy_proxy_sent_bytes_total", true) => &mut out.sent_upstream,
            ("toxiproxy_proxy_sent_bytes_total", false) => &mut out.sent_downstream,
            _ => continue,
        };
        if is("proxy", name) {
            // Large numbers come with an exponent.
            *to += value.trim().parse::<f64>().unwrap_or_default() as u64;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_added_up_by_proxy_and_direction() {
        let page = r#"# HELP toxiproxy_proxy_received_bytes_total
# TYPE toxiproxy_proxy_received_bytes_total counter
toxiproxy_proxy_received_bytes_total{direction="downstream",listener="127.0.0.1:1",proxy="a",upstream="127.0.0.1:9"} 7
toxiproxy_proxy_received_bytes_total{direction="upstream",listener="127.0.0.1:1",proxy="a",upstream="127.0.0.1:9"} 1.048576e+06
toxiproxy_proxy_received_bytes_total{direction="upstream",listener="127.0.0.1:2",proxy="a",upstream="127.0.0.1:9"} 4
toxiproxy_proxy_received_bytes_total{direction="upstream",listener="127.0.0.1:3",proxy="ab",upstream="127.0.0.1:9"} 100
toxiproxy_proxy_sent_bytes_total{direction="upstream",listener="127.0.0.1:1",proxy="a",upstream="127.0.0.1:9"} 3
go_goroutines 12
"#;
        let expected =
            ProxyBytes { upstream: 1_048_580, downstream: 7, sent_upstream: 3, sent_downstream: 0 };
        assert_eq!(of_proxy(page, "a"), expected);
        assert_eq!(of_proxy(page, "b"), ProxyBytes::default());
    }
}
