#include "sim-slack/files/kinds.h"

#include <string.h>
#include <strings.h>

/* Slack's list of file types (docs: file object, "file types"). */
static const struct kind table[] = {
        {"png", "png", "image/png", "PNG", false},
        {"jpg", "jpg", "image/jpeg", "JPEG", false},
        {"jpeg", "jpg", "image/jpeg", "JPEG", false},
        {"gif", "gif", "image/gif", "GIF", false},
        {"webp", "webp", "image/webp", "WebP", false},
        {"bmp", "bmp", "image/bmp", "Bitmap", false},
        {"svg", "svg", "image/svg+xml", "SVG", false},
        {"tiff", "tiff", "image/tiff", "TIFF", false},
        {"heic", "heic", "image/heic", "HEIC", false},
        {"pdf", "pdf", "application/pdf", "PDF", false},
        {"txt", "text", "text/plain", "Plain Text", true},
        {"log", "text", "text/plain", "Plain Text", true},
        {"md", "markdown", "text/plain", "Markdown (raw)", true},
        {"csv", "csv", "text/csv", "CSV", true},
        {"json", "json", "text/plain", "JSON", true},
        {"xml", "xml", "text/plain", "XML", true},
        {"yaml", "yaml", "text/plain", "YAML", true},
        {"yml", "yaml", "text/plain", "YAML", true},
        {"html", "html", "text/html", "HTML", true},
        {"css", "css", "text/plain", "CSS", true},
        {"js", "javascript", "text/plain", "JavaScript", true},
        {"ts", "typescript", "text/plain", "TypeScript", true},
        {"c", "c", "text/plain", "C", true},
        {"h", "c", "text/plain", "C", true},
        {"cpp", "cpp", "text/plain", "C++", true},
        {"go", "go", "text/plain", "Go", true},
        {"py", "python", "text/plain", "Python", true},
        {"rb", "ruby", "text/plain", "Ruby", true},
        {"rs", "rust", "text/plain", "Rust", true},
        {"sh", "shell", "text/plain", "Shell", true},
        {"sql", "sql", "text/plain", "SQL", true},
        {"diff", "diff", "text/plain", "Diff", true},
        {"zip", "zip", "application/zip", "Zip", false},
        {"gz", "gzip", "application/gzip", "Gzip", false},
        {"tar", "tar", "application/x-tar", "Tarball", false},
        {"mp3", "mp3", "audio/mpeg", "MP3", false},
        {"m4a", "m4a", "audio/mp4", "MPEG 4 Audio", false},
        {"ogg", "ogg", "audio/ogg", "OGG", false},
        {"wav", "wav", "audio/wav", "WAV", false},
        {"mp4", "mp4", "video/mp4", "MPEG 4 Video", false},
        {"mov", "mov", "video/quicktime", "QuickTime Movie", false},
        {"webm", "webm", "video/webm", "WebM", false},
        {"doc", "doc", "application/msword", "Word Document", false},
        {"docx", "docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "Word Document", false},
        {"xls", "xls", "application/vnd.ms-excel", "Excel Spreadsheet", false},
        {"xlsx", "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "Excel Spreadsheet", false},
        {"ppt", "ppt", "application/vnd.ms-powerpoint", "PowerPoint Presentation", false},
        {"pptx", "pptx",
                "application/vnd.openxmlformats-officedocument.presentationml."
                "presentation",
                "PowerPoint Presentation", false},
        {"odt", "odt", "application/vnd.oasis.opendocument.text", "OpenDocument Text",
                false},
};

enum { KINDS = sizeof(table) / sizeof(table[0]) };

static const struct kind plain_text = {"", "text", "text/plain", "Plain Text", true};
static const struct kind binary = {
        "", "binary", "application/octet-stream", "Binary", false};

static const struct kind *by_extension(const char *extension)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (strcasecmp(table[i].extension, extension) == 0) {
			return &table[i];
		}
	}
	return NULL;
}

const struct kind *kind_of_filetype(const char *filetype)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (str_equal(table[i].filetype, filetype)) {
			return &table[i];
		}
	}
	return NULL;
}

static bool begins(struct str head, const char *bytes, size_t n)
{
	return head.n >= n && memcmp(head.p, bytes, n) == 0;
}

static bool is_plain(struct str head)
{
	for (size_t i = 0; i < head.n; i++) {
		if ((unsigned char)head.p[i] < ' ' &&
		        !strchr("\t\r\n\f\x1b", head.p[i])) {
			return false;
		}
	}
	return memchr(head.p ? head.p : "", '\0', head.n) == NULL && head.n > 0;
}

const struct kind *kind_of(const char *name, struct str head)
{
	const char *dot = strrchr(name, '.');
	const struct kind *known = dot ? by_extension(dot + 1) : NULL;

	if (known) {
		return known;
	}
	if (begins(head, "\x89PNG\r\n\x1a\n", 8)) {
		return by_extension("png");
	}
	if (begins(head, "GIF8", 4)) {
		return by_extension("gif");
	}
	if (begins(head, "\xff\xd8\xff", 3)) {
		return by_extension("jpg");
	}
	if (begins(head, "%PDF-", 5)) {
		return by_extension("pdf");
	}
	return is_plain(head) ? &plain_text : &binary;
}

/* ---- sizes of pictures ---- */

static unsigned u16(const char *p, bool big)
{
	unsigned char a = (unsigned char)p[0], b = (unsigned char)p[1];

	return big ? (unsigned)a << 8 | b : (unsigned)b << 8 | a;
}

/* The first frame header (ITU T.81, B.2.2): marker C0 to CF but for DHT, JPG and DAC. */
static bool jpeg_size(struct str head, unsigned *width, unsigned *height)
{
	for (size_t at = 2; at + 9 <= head.n;) {
		unsigned char mark = (unsigned char)head.p[at + 1];

		if ((unsigned char)head.p[at] != 0xFF) {
			return false;
		}
		if (mark == 0xFF) {
			at++;
		} else if (mark >= 0xC0 && mark <= 0xCF && mark != 0xC4 && mark != 0xC8 &&
		           mark != 0xCC) {
			*height = u16(head.p + at + 5, true);
			*width = u16(head.p + at + 7, true);
			return true;
		} else if (mark >= 0xD0 && mark <= 0xD8) {
			at += 2;
		} else {
			at += 2 + u16(head.p + at + 2, true);
		}
	}
	return false;
}

bool picture_size(struct str head, unsigned *width, unsigned *height)
{
	if (begins(head, "\x89PNG\r\n\x1a\n", 8) && head.n >= 24) {
		*width = u16(head.p + 16, true) << 16 | u16(head.p + 18, true);
		*height = u16(head.p + 20, true) << 16 | u16(head.p + 22, true);
	} else if (begins(head, "GIF8", 4) && head.n >= 10) {
		*width = u16(head.p + 6, false);
		*height = u16(head.p + 8, false);
	} else if (!begins(head, "\xff\xd8\xff", 3) || !jpeg_size(head, width, height)) {
		return false;
	}
	return *width > 0 && *height > 0;
}
