//! What the HTTP server of a device did.

use crate::http::{Observe, Status};
use crate::{Counter, Family, LabelSet, Metrics};

/// What a request was answered with; see [`Status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelSet)]
#[label(name = "code")]
#[non_exhaustive]
pub enum HttpCode {
    /// The page.
    #[label(value = "200")]
    Ok,
    /// No request.
    #[label(value = "400")]
    BadRequest,
    /// Another path.
    #[label(value = "404")]
    NotFound,
    /// Another method.
    #[label(value = "405")]
    MethodNotAllowed,
    /// Too late.
    #[label(value = "408")]
    RequestTimeout,
    /// A body.
    #[label(value = "413")]
    ContentTooLarge,
    /// Too long a target.
    #[label(value = "414")]
    UriTooLong,
    /// Too long a head.
    #[label(value = "431")]
    FieldsTooLarge,
    /// Another version.
    #[label(value = "505")]
    VersionNotSupported,
}

/// What an HTTP server answered. Registered like any group, and told by an [`Endpoint`](crate::http::Endpoint).
///
/// 88 bytes.
///
/// ```
/// use narthex::http::Endpoint;
/// use narthex::runtime::HttpServer;
/// use narthex::{Registry, registry};
/// static HTTP: HttpServer = HttpServer::new();
/// static REGISTRY: Registry = registry![HTTP];
/// static ENDPOINT: Endpoint<'static, Registry, HttpServer> = Endpoint::new(&REGISTRY).with_observer(&HTTP);
/// ```
#[derive(Debug, Metrics)]
#[metrics(prefix = "http")]
pub struct HttpServer {
    /// Requests answered, by status; of a page also if it was given up later.
    pub requests_total: Family<HttpCode, Counter>,
    /// Pages given up before their end, by the server or by the client.
    pub aborted_pages_total: Counter,
    /// Bytes of answers.
    #[metric(unit = "bytes")]
    pub sent_bytes_total: Counter,
}

impl Observe for HttpServer {
    fn answered(&self, status: Status) {
        self.requests_total.at(HttpCode::of(status)).inc();
    }

    fn aborted(&self) {
        self.aborted_pages_total.inc();
    }

    fn sent(&self, bytes: usize) {
        self.sent_bytes_total.add(bytes as u32);
    }
}

impl HttpCode {
    /// The code of a status.
    pub const fn of(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::BadRequest => Self::BadRequest,
            Status::NotFound => Self::NotFound,
            Status::MethodNotAllowed => Self::MethodNotAllowed,
            Status::RequestTimeout => Self::RequestTimeout,
            Status::ContentTooLarge => Self::ContentTooLarge,
            Status::UriTooLong => Self::UriTooLong,
            Status::FieldsTooLarge => Self::FieldsTooLarge,
            Status::VersionNotSupported => Self::VersionNotSupported,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_codes_that_are_sent() {
        let server = HttpServer::new();
        let all = [
            Status::Ok,
            Status::BadRequest,
            Status::NotFound,
            Status::MethodNotAllowed,
            Status::RequestTimeout,
            Status::ContentTooLarge,
            Status::UriTooLong,
            Status::FieldsTooLarge,
            Status::VersionNotSupported,
        ];
        let values = <HttpCode as LabelSet>::DIMENSIONS[0].values;
        assert_eq!(values.len(), all.len());
        for (value, status) in values.iter().zip(all) {
            server.answered(status);
            assert_eq!(server.requests_total.at(HttpCode::of(status)).get(), 1);
            assert_eq!(status.line().split_once(' ').map(|(code, _)| code), Some(*value));
        }
        assert_eq!(size_of::<HttpServer>(), 88);
    }
}
