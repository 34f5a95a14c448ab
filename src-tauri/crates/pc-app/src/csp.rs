//! What the UI may load and reach: its own files and this program. The window's configuration says the same, which a test
//! holds.

/// Scripts and style sheets come from files only; the component library sets style attributes. `ipc:` is the way from the
/// window to this program.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
                       img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ipc: http://ipc.localhost; \
                       worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                       object-src 'none'";
