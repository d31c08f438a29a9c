"""Parts of every HTTP answer: middleware, problems (RFC 9457), examples, read log."""
