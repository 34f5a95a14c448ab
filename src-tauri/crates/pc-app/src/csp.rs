//! What the UI may load and reach: its own files and this program. The window and the development host send the same.

/// `style-src` allows inline styles, which the component library sets on elements; scripts come from files only.
/// `ipc:` is the way from the window to this program.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: \
                       blob:; font-src 'self' data:; connect-src 'self' ipc: http://ipc.localhost; base-uri 'none'; \
                       form-action 'none'; frame-ancestors 'none'";
