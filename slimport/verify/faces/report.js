// Filters rows and cases; opens what is folded for printing. Without scripts all of the page can be read.
(function () {
  "use strict";
  var bar = document.querySelector(".filter");
  var search = bar.querySelector("input[type=search]");
  var failing = bar.querySelector("input[type=checkbox]");
  var all = function (selector) { return Array.prototype.slice.call(document.querySelectorAll(selector)); };
  var rows = all("tr[data-good]");
  var sections = all("section[data-good]");
  function apply() {
    var words = search.value.toLowerCase();
    function isNamed(item) { return item.dataset.name.toLowerCase().indexOf(words) >= 0; }
    function isOut(item, named) { return !named || (failing.checked && item.dataset.good === "1"); }
    var found = sections.filter(isNamed);
    rows.forEach(function (row) {
      var section = row.closest("section");
      var named = isNamed(row) || found.indexOf(section) >= 0;
      row.classList.toggle("out", isOut(row, named));
    });
    sections.forEach(function (section) {
      var named = isNamed(section) || section.querySelector("tr[data-good]:not(.out)") !== null;
      section.classList.toggle("out", isOut(section, named));
    });
  }
  bar.hidden = false;
  search.addEventListener("input", apply);
  failing.addEventListener("change", apply);
  function open(target) {
    var found = target && document.getElementById(decodeURIComponent(target));
    var details = found && found.querySelector("details");
    if (details) { details.open = true; }
    for (var around = found; around; around = around.parentElement) {
      if (around.tagName === "DETAILS") { around.open = true; }
    }
  }
  window.addEventListener("hashchange", function () { open(location.hash.slice(1)); });
  open(location.hash.slice(1));
  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = all("section.case > details:not([open]), .card > details:not([open])");
    if (folded.length > 40) { folded = []; }
    folded.forEach(function (item) { item.open = true; });
  });
  window.addEventListener("afterprint", function () {
    folded.forEach(function (item) { item.open = false; });
  });
})();
