/* What bytes look like, from a short list. Whatever a browser would run (HTML, SVG, scripts) is plain text here: what
 * is given out is never more than the list says. */
#include <string.h>

#include "base/text.h"
#include "file/file_bytes.h"

static const struct {
    size_t at, n;
    const char *bytes, *type;
} marks[] = {
    {0, 5, "%PDF-", "application/pdf"},
    {0, 8, "\x89PNG\r\n\x1a\n", "image/png"},
    {0, 3, "\xff\xd8\xff", "image/jpeg"},
    {0, 6, "GIF87a", "image/gif"},
    {0, 6, "GIF89a", "image/gif"},
    {8, 4, "WEBP", "image/webp"},
    {8, 4, "WAVE", "audio/wav"},
    {0, 4, "II*\0", "image/tiff"},
    {0, 4, "MM\0*", "image/tiff"},
    {4, 8, "ftypheic", "image/heic"},
    {4, 4, "ftyp", "video/mp4"},
    {0, 3, "ID3", "audio/mpeg"},
    {0, 4, "OggS", "audio/ogg"},
    {0, 5, "{\\rtf", "application/rtf"},
    {0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"}, /* .doc .xls .ppt of old */
    {0, 2, "\x1f\x8b", "application/gzip"},
    {0, 6, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
};

#define OOXML "application/vnd.openxmlformats-officedocument."
#define ODF "application/vnd.oasis.opendocument."

/* Documents of offices are archives: the names of their first parts, or their own word, tell which. */
static const char *const parts[][2] = {{"word/", OOXML "wordprocessingml.document"},
                                       {"xl/", OOXML "spreadsheetml.sheet"},
                                       {"ppt/", OOXML "presentationml.presentation"},
                                       {"mimetype" ODF "text", ODF "text"},
                                       {"mimetype" ODF "spreadsheet", ODF "spreadsheet"},
                                       {"mimetype" ODF "presentation", ODF "presentation"},
                                       {"mimetypeapplication/epub+zip", "application/epub+zip"}};
static const char *const others[] = {"application/zip", "text/plain; charset=utf-8", "application/octet-stream"};

const char *file_type_at(size_t i)
{
    enum { MARKS = sizeof(marks) / sizeof(marks[0]), PARTS = sizeof(parts) / sizeof(parts[0]) };
    if (i < MARKS) return marks[i].type;
    if (i < MARKS + PARTS) return parts[i - MARKS][1];
    i -= MARKS + PARTS;
    return i < sizeof(others) / sizeof(others[0]) ? others[i] : NULL;
}

static const char *type_of_zip(const char *head, size_t n)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (memmem(head, n, parts[i][0], strlen(parts[i][0]))) return parts[i][1];
    return others[0];
}

/* UTF-8 without control characters; the last character may be cut by the end of the head. */
static bool is_text(const char *head, size_t n, size_t whole)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)head[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f') || c == 0x7f) return false;
    }
    for (size_t cut = 0; cut < 4 && cut <= n; cut++) {
        if (text_is_utf8(head, n - cut)) return true;
        if (whole) break;
    }
    return false;
}

const char *file_type_of(const void *bytes, size_t n)
{
    enum { HEAD = 4096 };
    const char *head = bytes;
    if (n == 0) return others[2];
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (n >= marks[i].at + marks[i].n && memcmp(head + marks[i].at, marks[i].bytes, marks[i].n) == 0)
            return marks[i].type;
    if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0) return type_of_zip(head, n);
    return others[is_text(head, n, n < HEAD) ? 1 : 2];
}
