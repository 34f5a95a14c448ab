//! Wire types of a cloud: files, fine-tunes, deployments, chat, billing, error bodies, SSE.
