//! What is done to a resource.

use reqwest::Method;

use crate::program::Access;

/// A method that is forwarded. CONNECT and TRACE aren't: they are about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardMethod {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl ForwardMethod {
    /// Parses the method of a request; `None` where it isn't forwarded.
    #[must_use]
    pub fn parse(method: &Method) -> Option<Self> {
        Some(match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::PATCH => Self::Patch,
            Method::DELETE => Self::Delete,
            _ => return None,
        })
    }

    /// The method itself.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Head => Method::HEAD,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }

    /// The access that a program needs for it.
    #[must_use]
    pub fn needs(self) -> Access {
        match self {
            Self::Get | Self::Head => Access::Read,
            Self::Post | Self::Put | Self::Patch | Self::Delete => Access::Write,
        }
    }

    /// Whether it changes nothing, so that it may be sent again (RFC 9110 §9.2.1).
    #[must_use]
    pub fn is_safe(self) -> bool {
        self.needs() == Access::Read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_needs_less_than_changing_and_connections_are_not_forwarded() {
        for (method, access) in [
            (Method::GET, Access::Read),
            (Method::HEAD, Access::Read),
            (Method::POST, Access::Write),
            (Method::PUT, Access::Write),
            (Method::PATCH, Access::Write),
            (Method::DELETE, Access::Write),
        ] {
            let parsed = ForwardMethod::parse(&method).unwrap();
            assert_eq!(parsed.needs(), access);
            assert_eq!(parsed.method(), method);
        }
        let other = Method::from_bytes(b"GETS").unwrap();
        for method in [Method::CONNECT, Method::TRACE, Method::OPTIONS, other] {
            assert_eq!(ForwardMethod::parse(&method), None, "{method}");
        }
    }
}
