// Package web is the hosted pages: forms that work without JavaScript, rendered from templates/ and dressed by static/.
//
// [Pages] has one method for each route; they are named as the route table of internal/server names them. A handler decodes the form, calls one
// function of package flow and renders what it says: there is no rule of a journey here.
//
// A page is a file in templates/ that defines «title» and «content», and a line in the table pages; what several pages show is in
// templates/parts/. It is executed with a *view, whose methods are
// all that templates can call: T for a text of the catalogue, Path and Link for URLs of ours, Input for a labelled field. Texts are
// page.<page>.<what> in the catalogue; a test sees to it that each that is used exists and each that exists is used.
//
// What was refused is shown again where it was typed ([Pages.again]): with the fault's status, what is wrong at the top and beside each field,
// and all that was typed but for passwords.
package web
