// Package wire is JSON as it goes over the wire: [Decode] reads what a client sent into a flat Go struct, [Encode] writes an answer, and
// [Schemas] tells both as JSON Schema made from the same structs, so that it cannot say anything else than the code does. Which call takes and
// answers which of them, api.Document says around it.
//
// What two readers understand differently is a way in: a proxy or a log that takes the first of two "email" members and a server that takes
// the last, a filter that looks for "role" and a decoder that also takes "ROLE". So a body has one meaning or none. [Problem] tells two
// refusals apart: a body that is no JSON object at all (400), and an object that says something wrong (422, everything wrong at once).
//
// The package reads no HTTP request, and knows no limit on size (whoever reads the body sets it) and no text: reasons are stable words.
package wire
