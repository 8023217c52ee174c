// What the search of a site that Sphinx has made finds: node site_search.js SITE '["QUERY", …]'
// prints the pages for each query, the best first. It runs the site's own scripts without a page.
const fs = require("fs");
const vm = require("vm");

const [site, queries] = process.argv.slice(2);
const context = vm.createContext({
  document: {
    addEventListener() {},
    documentElement: { dataset: {} },
    getElementById: () => null,
  },
  _: (text) => text,
  _ready() {},
  SPHINX_HIGHLIGHT_ENABLED: false,
});
context.window = context;
const scripts = ["base-stemmer", "english-stemmer", "language_data", "searchtools"];
for (const path of [...scripts.map((name) => `_static/${name}.js`), "searchindex.js"]) {
  if (fs.existsSync(`${site}/${path}`)) {
    vm.runInContext(fs.readFileSync(`${site}/${path}`, "utf8"), context);
  }
}
const found = JSON.parse(queries).map((query) => {
  context.query = query;
  const call = "Search._performSearch(...Search._parseQuery(query))";
  return vm.runInContext(call, context).map((item) => item[0]).reverse(); // it takes the last first
});
console.log(JSON.stringify(found));
