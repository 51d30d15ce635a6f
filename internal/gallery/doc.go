// Command gallery takes pictures of the hosted pages in Chromium: go run ./internal/gallery [-o gallery] [-only login] [-all].
//
// The pictures are for looking at: each page as it opens and at its worst, on a phone and on a desktop, in light and in dark, some from right to
// left. index.html in the folder shows them side by side. What is shown are the real templates and styles with the sample data of package
// web (web.States), not a server with accounts.
package main
