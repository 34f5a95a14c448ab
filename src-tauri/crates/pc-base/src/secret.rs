//! A value that cannot be printed, cloned or serialised by accident, and is wiped when dropped.

use zeroize::Zeroize;

/// Deliberately without Debug, Display, Clone and Serialize: a derive that needs one does not compile.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one call that needs it. Never store or log what this returns.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
