/* Markdown (GitHub's, with tables) to HTML that may stand in a page: raw HTML is left out, and links that run something
 * (javascript:, data: …) lose their address. By libcmark-gfm. Any thread.
 *
 * It is one piece that nothing stops, and what a person writes takes a millisecond; so a text that would take much
 * longer, which only somebody who means it writes, is refused before it is read: by its size, its brackets and stars,
 * how deep it is nested, and how many cells its tables could have. */
#ifndef KHUNG_MARKDOWN_H
#define KHUNG_MARKDOWN_H

#include "base/buf.h"
#include "base/err.h"

enum { MARKDOWN_MAX = 128 << 10 };

/* Appends. ERR_LIMIT "markdown.large" {most}, "markdown.tangled" {what}. */
int markdown_html(const char *s, size_t len, struct buf *out, struct err *err);

#endif
