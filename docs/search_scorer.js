// How the search of the site ranks pages: a heading that is the question comes first; at equal rank
// questions, then what one learns from and where one looks things up, and what is behind it last.
var Scorer = {
  score: ([page, title, anchor, description, score]) => {
    if (/^(architecture|benchmarks|changelog|contributing|reliability|scaling|decisions\/)/.test(page)) {
      return score - 6;
    }
    const first = /^(guides\/|tutorials\/|layers$|solver$|commands$)/;
    return score + (page === "questions" ? 2 : first.test(page) ? 1 : 0);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 40,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
