//! `GET /metrics`.
//!
//! ```no_run
//! use std::sync::Arc;
//! use narthex_host::expose::http::Metrics;
//! use narthex_host::registry::Registry;
//!
//! # async fn serve() -> std::io::Result<()> {
//! let registry = Arc::new(Registry::new());
//! let app = axum::Router::new().route("/metrics", Metrics::new(registry).into_route());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9920").await?;
//! axum::serve(listener, app).await
//! # }
//! ```

mod body;
mod scrapes;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tokio::sync::Semaphore;

use super::Page;
use super::negotiate::{self, Encoding};
use crate::registry::Gatherer;
use body::{Chunks, Nothing};
pub use scrapes::Scrapes;
use scrapes::{Outcome, Watch};

/// What a scrape answers when something had to be left out of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Status 500, with the errors as text.
    #[default]
    Fail,
    /// The page without what was left out.
    Continue,
}

/// Serves the pages of a gatherer: GET and HEAD, in the format and packing that the client asks for, in chunks, so that
/// a page is never in memory as a whole.
#[derive(Clone)]
pub struct Metrics {
    gatherer: Arc<dyn Gatherer>,
    on_error: OnError,
    created: bool,
    most: usize,
    slots: Arc<Semaphore>,
    scrapes: Option<Arc<Scrapes>>,
}

/// A router that serves the pages of `gatherer` under `/metrics`, and nothing else.
///
/// ```
/// use std::sync::Arc;
/// use narthex_host::expose::http::metrics;
/// use narthex_host::registry::Registry;
/// let router: axum::Router = metrics(Arc::new(Registry::new()));
/// ```
pub fn metrics(gatherer: Arc<dyn Gatherer>) -> Router {
    Router::new().route("/metrics", Metrics::new(gatherer).into_route())
}

impl Metrics {
    /// How many scrapes may be under way unless said otherwise.
    pub const MAX_SCRAPES: usize = 16;

    /// Serves what `gatherer` gathers.
    pub fn new(gatherer: Arc<dyn Gatherer>) -> Self {
        Self {
            gatherer,
            on_error: OnError::default(),
            created: false,
            most: Self::MAX_SCRAPES,
            slots: Arc::new(Semaphore::new(Self::MAX_SCRAPES)),
            scrapes: None,
        }
    }

    /// Chooses what happens when something has to be left out.
    #[must_use]
    pub fn on_error(self, on_error: OnError) -> Self {
        Self { on_error, ..self }
    }

    /// Limits the scrapes under way at a time, the sending of their pages included; one more gets status 503.
    #[must_use]
    pub fn max_scrapes(self, most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { most, slots: Arc::new(Semaphore::new(most)), ..self }
    }

    /// With `_created` lines in OpenMetrics, whether a client asks for them or not.
    ///
    /// A client asks with `?created=true`; Prometheus does where `params` of its scrape configuration say
    /// `created: ["true"]`.
    #[must_use]
    pub fn with_created(self) -> Self {
        Self { created: true, ..self }
    }

    /// Counts scrapes.
    #[must_use]
    pub fn counted_by(self, scrapes: Arc<Scrapes>) -> Self {
        Self { scrapes: Some(scrapes), ..self }
    }

    /// The route: GET and HEAD, 405 for the rest.
    pub fn into_route<S: Clone + Send + Sync + 'static>(self) -> MethodRouter<S> {
        get(move |method: Method, uri: Uri, headers: HeaderMap| async move {
            self.scrape(&method, &uri, &headers).await
        })
    }

    async fn scrape(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
        let mut watch = Watch::new(self.scrapes.clone(), Instant::now());
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            watch.ends(Outcome::Refused);
            let most = self.most;
            let text = format!("Limit of concurrent requests reached ({most}), try again later.");
            return plain(StatusCode::SERVICE_UNAVAILABLE, text);
        };
        // Collectors may take their time, and locks.
        let source = Arc::clone(&self.gatherer);
        let gathered = match tokio::task::spawn_blocking(move || source.gather()).await {
            Ok(gathered) => gathered,
            Err(panic) => {
                watch.ends(Outcome::Failed);
                return failed(&panic);
            }
        };
        if self.on_error == OnError::Fail && !gathered.errors().is_empty() {
            watch.ends(Outcome::Failed);
            return failed(gathered.errors());
        }
        watch.ends_well_as(if gathered.errors().is_empty() { Outcome::Ok } else { Outcome::Partial });
        let format = negotiate::format(values(headers, &ACCEPT));
        let encoding = negotiate::encoding(values(headers, &ACCEPT_ENCODING));
        let body = if method == Method::HEAD {
            watch.done();
            // Of a length that is not said, as the page's is not: an empty body would announce an empty page.
            Body::from_stream(Nothing)
        } else {
            let page = Page::new(gathered, format);
            let page = if self.created || asks_for_created(uri) { page.with_created() } else { page };
            Body::from_stream(Chunks::new(page, encoding, watch, slot))
        };
        let mut response = respond(StatusCode::OK, format.content_type(), body);
        if encoding == Encoding::Gzip {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Metrics");
        debug.field("on_error", &self.on_error).field("max_scrapes", &self.most).finish_non_exhaustive()
    }
}

fn asks_for_created(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|pair| matches!(pair, "created=true" | "created=1")))
}

/// The values of all lines of a header that are text.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
}

fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let vary = HeaderValue::from_static("Accept, Accept-Encoding");
    let content_type = HeaderValue::from_static(content_type);
    (status, [(CONTENT_TYPE, content_type), (VARY, vary)], body).into_response()
}

fn plain(status: StatusCode, text: String) -> Response {
    respond(status, "text/plain; charset=utf-8", Body::from(text))
}

fn failed(error: &dyn fmt::Display) -> Response {
    let text = format!("An error has occurred while serving metrics:\n\n{error}");
    plain(StatusCode::INTERNAL_SERVER_ERROR, text)
}

#[cfg(test)]
mod tests;
