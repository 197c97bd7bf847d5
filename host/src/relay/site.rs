//! What people and scripts see over HTTP, beside `/metrics`: the page, `/api/devices`, `/healthz`.
//!
//! Everything here is read-only and comes from a [`View`]. The page is one file that fetches the two JSON answers
//! itself; nothing that a device says is ever put into HTML by the server.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use super::status::{DeviceStatus, GatewayStatus};

const PAGE: &str = include_str!("../../assets/index.html");
/// Stands in the page where the nonce of this answer belongs.
const NONCE: &str = "{nonce}";

/// What there is to see.
pub trait View: Send + Sync + 'static {
    /// All devices, in the order of their names.
    fn devices(&self) -> Vec<DeviceStatus>;
    /// The gateway itself.
    fn gateway(&self) -> GatewayStatus;
}

/// Answers `/`, `/api/devices`, `/api/gateway` and `/healthz`, and everything else with 404.
pub fn router(view: Arc<dyn View>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/api/devices", get(devices))
        .route("/api/gateway", get(gateway))
        .route("/healthz", get(|| async { "ok" }))
        .fallback(|| async {
            (StatusCode::NOT_FOUND, "not found; there are /, /metrics, /api/devices and /healthz\n")
        })
        .with_state(view)
}

async fn page() -> impl IntoResponse {
    // The page has one script and one style sheet, inline. Only they carry the nonce, so markup that found its way
    // into the document could run nothing and load nothing.
    let random = RandomState::new();
    let nonce = format!("{:016x}{:016x}", random.hash_one(0), random.hash_one(1));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, Html(PAGE.replace(NONCE, &nonce)))
}

async fn devices(State(view): State<Arc<dyn View>>) -> Response {
    // Ten thousand devices are some megabytes of JSON: not on a thread that has links to serve.
    json(move || view.devices()).await
}

async fn gateway(State(view): State<Arc<dyn View>>) -> Response {
    json(move || view.gateway()).await
}

async fn json<T: Serialize>(look: impl FnOnce() -> T + Send + 'static) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match tokio::task::spawn_blocking(move || serde_json::to_vec(&look())).await {
        Ok(Ok(body)) => (headers, body).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::status::{FrameCounts, RefusedFamily, SchemaStatus};
    use super::*;

    struct Canned;

    impl View for Canned {
        fn devices(&self) -> Vec<DeviceStatus> {
            vec![DeviceStatus {
                device: "<b>pump</b>".into(),
                link: "tcp 127.0.0.1:9101".into(),
                peer: "127.0.0.1:5".into(),
                firmware: "1.2".into(),
                boot_id: 7,
                boots: 2,
                uptime_seconds: 1.5,
                last_seen_seconds_ago: 0.25,
                stale: false,
                series: 3,
                schema: SchemaStatus { hash: "0000beef".into(), known: 1, total: 2 },
                frames: FrameCounts { received: 9, lost: 1, ..FrameCounts::default() },
                refused: vec![RefusedFamily { family: "up".into(), why: "reserved".into() }],
            }]
        }

        fn gateway(&self) -> GatewayStatus {
            GatewayStatus { version: "0".into(), ..GatewayStatus::default() }
        }
    }

    async fn ask(path: &str) -> (String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, router(Arc::new(Canned))).await });
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        server.abort();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }

    #[tokio::test]
    async fn devices_have_the_promised_shape() {
        let (head, body) = ask("/api/devices").await;
        assert!(
            head.starts_with("http/1.1 200") && head.contains("content-type: application/json"),
            "{head}"
        );
        assert_eq!(
            body,
            concat!(
                r#"[{"device":"<b>pump</b>","link":"tcp 127.0.0.1:9101","peer":"127.0.0.1:5","firmware":"1.2","#,
                r#""boot_id":7,"boots":2,"uptime_seconds":1.5,"last_seen_seconds_ago":0.25,"stale":false,"#,
                r#""series":3,"schema":{"hash":"0000beef","known":1,"total":2},"frames":{"received":9,"lost":1,"#,
                r#""repeated":0,"reordered":0,"corrupt":0,"unknown_schema":0},"#,
                r#""refused":[{"family":"up","why":"reserved"}]}]"#
            )
        );
    }

    #[tokio::test]
    async fn the_page_runs_its_own_script_only() {
        let (head, body) = ask("/").await;
        assert!(head.contains("content-type: text/html"), "{head}");
        let nonce = head.split_once("script-src 'nonce-").unwrap().1.split_once('\'').unwrap().0;
        assert!(body.contains(&format!("<script nonce=\"{nonce}\">")));
        assert!(body.contains(&format!("<style nonce=\"{nonce}\">")));
        assert!(!body.contains(NONCE));
        for outside in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "src=", "https://", "@import", "eval("]
        {
            assert!(!body.contains(outside), "the page holds {outside}");
        }
    }

    #[tokio::test]
    async fn the_rest_is_short() {
        let (head, body) = ask("/healthz").await;
        assert!(head.starts_with("http/1.1 200") && body == "ok", "{head}\n{body}");
        let (head, body) = ask("/nowhere").await;
        assert!(head.starts_with("http/1.1 404") && body.len() < 100, "{head}\n{body}");
        let (head, body) = ask("/api/gateway").await;
        assert!(head.starts_with("http/1.1 200") && body.contains(r#""links":[]"#), "{head}\n{body}");
    }
}
