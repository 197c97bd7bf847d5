//! What a server sends on one connection, read as strictly as can be.

use crate::http::Response;

/// Reads the next answer off the front of `bytes`; `head_only` if it is to a `HEAD`. `None` if it has no end yet; one
/// that lasts until the connection ends has it where `bytes` do.
///
/// # Errors
/// What is wrong with it.
pub fn next(bytes: &mut &[u8], head_only: bool) -> Result<Option<Response>, String> {
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let mut head = httparse::Response::new(&mut fields);
    let parsed = head.parse(bytes).map_err(|why| format!("{why} in {:?}", String::from_utf8_lossy(bytes)))?;
    let httparse::Status::Complete(end) = parsed else { return Ok(None) };
    if head.version != Some(1) {
        return Err("another version".into());
    }
    let field = |field: &httparse::Header<'_>| {
        (field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value).into_owned())
    };
    let headers = head.headers.iter().map(field).collect();
    let mut response = Response { status: head.code.unwrap_or(0), headers, body: String::new() };
    let mut rest = &bytes[end..];
    let body = match (response.header("transfer-encoding"), response.header("content-length")) {
        (Some("chunked") | None, None) if head_only => Vec::new(),
        (Some("chunked"), None) => match unchunk(&mut rest)? {
            Some(body) => body,
            None => return Ok(None),
        },
        (None, Some("0")) => Vec::new(),
        (None, None) if response.header("connection") == Some("close") => std::mem::take(&mut rest).to_vec(),
        framing => return Err(format!("a body framed by {framing:?}")),
    };
    response.body = String::from_utf8(body).map_err(|why| why.to_string())?;
    *bytes = rest;
    Ok(Some(response))
}

/// Reads chunks up to the last. `None` if that is not there yet.
fn unchunk(rest: &mut &[u8]) -> Result<Option<Vec<u8>>, String> {
    let (mut body, mut at) = (Vec::new(), *rest);
    loop {
        let (start, size) = match httparse::parse_chunk_size(at) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(format!("no size of a chunk: {:?}", String::from_utf8_lossy(at))),
        };
        let end = start + usize::try_from(size).map_err(|why| why.to_string())?;
        let Some(data) = at.get(start..end) else { return Ok(None) };
        match at.get(end..end + 2) {
            Some(b"\r\n") => {}
            Some(_) => return Err("a chunk that ends elsewhere".into()),
            None => return Ok(None),
        }
        (at, body) = (&at[end + 2..], [body.as_slice(), data].concat());
        if size == 0 {
            *rest = at;
            return Ok(Some(body));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    #[test]
    fn each_answer_ends_where_it_should() {
        let answers = format!("{HEAD}0003\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n{HEAD}0\r\n\r\n");
        let mut bytes = answers.as_bytes();
        assert_eq!(next(&mut bytes, false).unwrap().unwrap().body, "abc0123456789");
        assert_eq!(next(&mut bytes, false).unwrap().unwrap().body, "");
        assert!(bytes.is_empty());
        for end in 0..answers.len() - HEAD.len() - 5 {
            assert!(next(&mut &answers.as_bytes()[..end], false).unwrap().is_none(), "{end}");
        }
        assert!(next(&mut format!("{HEAD}3\r\nabcd\r\n").as_bytes(), false).is_err());
        assert!(next(&mut format!("{HEAD}x\r\n").as_bytes(), false).is_err());
        assert!(next(&mut &b"HTTP/1.1 200 OK\r\n\r\nabc"[..], false).is_err());
        assert!(next(&mut &b"200 OK\r\n\r\n"[..], false).is_err());
    }
}
