//! How a request is answered.

/// The status of an answer ([RFC 9110, 15](https://www.rfc-editor.org/rfc/rfc9110#section-15)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// 200: the page.
    Ok,
    /// 400: no head of HTTP, or one of HTTP/1.1 without one `Host`.
    BadRequest,
    /// 404: another path.
    NotFound,
    /// 405: neither `GET` nor `HEAD`.
    MethodNotAllowed,
    /// 408: the head did not end in time.
    RequestTimeout,
    /// 413: a body, which nobody would read.
    ContentTooLarge,
    /// 414: a request line that is longer than the buffer.
    UriTooLong,
    /// 431: a head that is longer than the buffer, or has too many fields.
    FieldsTooLarge,
    /// 505: neither HTTP/1.1 nor HTTP/1.0.
    VersionNotSupported,
}

impl Status {
    /// What the status line says: the code, three digits, and why.
    ///
    /// ```
    /// use narthex::http::Status;
    /// assert_eq!(Status::NotFound.line(), "404 Not Found");
    /// ```
    pub const fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::RequestTimeout => "408 Request Timeout",
            Self::ContentTooLarge => "413 Content Too Large",
            Self::UriTooLong => "414 URI Too Long",
            Self::FieldsTooLarge => "431 Request Header Fields Too Large",
            Self::VersionNotSupported => "505 HTTP Version Not Supported",
        }
    }
}
