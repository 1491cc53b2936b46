/* A text as a QR code: a picture in the page itself, since a page loads nothing. Dark on white whatever the reader's
 * colours are: cameras want it so. */
#include <qrencode.h>

#include "http/page.h"

enum { QUIET = 4 }; /* modules of white around it, as ISO/IEC 18004 asks for */

/* One path for all dark modules, a run of a row at a time. */
static void add_row(struct page *p, const unsigned char *row, int width, int y)
{
    for (int x = 0, end; x < width; x = end) {
        end = x + 1;
        if (!(row[x] & 1)) continue;
        while (end < width && row[end] & 1)
            end++;
        page_add(p, "M%i %ih%iv1h-%iz", (int64_t)x + QUIET, (int64_t)y + QUIET, (int64_t)end - x, (int64_t)end - x);
    }
}

void page_qr(struct page *p, const char *text, const char *label)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code) return; /* too long: the text itself stands on the page */
    int64_t side = code->width + 2 * QUIET;
    page_add(p,
             "<svg class=\"qr\" role=\"img\" aria-label=\"%k\" viewBox=\"0 0 %i %i\" shape-rendering=\"crispEdges\">"
             "<path fill=\"#fff\" d=\"M0 0h%iv%ih-%iz\"/><path fill=\"#000\" d=\"",
             label, side, side, side, side, side);
    for (int y = 0; y < code->width; y++)
        add_row(p, code->data + (size_t)y * (size_t)code->width, code->width, y);
    page_add(p, "\"/></svg>\n");
    QRcode_free(code);
}
