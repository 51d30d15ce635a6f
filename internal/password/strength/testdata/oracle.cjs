// Judges passwords with @zxcvbn-ts/core: a JSON array of [password, [personal words]] comes in, one of [guessesLog10, score] goes out.
// The year is pinned, since the library counts years from today's.
const { argv, stdin, stdout } = process
Date.prototype.getFullYear = () => Number(argv[3])
const load = (name) => require(`${argv[2]}/node_modules/@zxcvbn-ts/${name}`)
const { ZxcvbnFactory } = load('core')
const common = load('language-common')
const english = load('language-en')
const oracle = new ZxcvbnFactory({ graphs: common.adjacencyGraphs, dictionary: { ...common.dictionary, ...english.dictionary } })
let text = ''
stdin.on('data', (part) => { text += part })
stdin.on('end', () => {
  const judge = ([password, personal]) => {
    const { guessesLog10, score } = oracle.check(password, personal)
    return [guessesLog10, score]
  }
  stdout.write(JSON.stringify(JSON.parse(text).map(judge)))
})
