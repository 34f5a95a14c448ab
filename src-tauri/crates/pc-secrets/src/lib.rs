//! System keychain or key file; envelope sealing (master key, data key, AEAD).
