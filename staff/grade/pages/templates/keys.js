// j or → to the next answer, k or ← to the one before; at the end of a page on to the next page.
document.documentElement.style.scrollBehavior = "auto";
addEventListener("keydown", (event) => {
  const step = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[event.key];
  const inField = event.key.length > 1 && event.target.matches?.("input");
  if (!step || inField || event.ctrlKey || event.altKey || event.metaKey) return;
  const answers = [...document.querySelectorAll("article.answer")];
  const top = (one) => one.getBoundingClientRect().top;
  const led = answers.findIndex((one) => one.matches(":target") && top(one) > -9 && top(one) < innerHeight);
  const now = led >= 0 ? led : answers.findLastIndex((one) => top(one) < 9);
  const isInside = step < 0 && now >= 0 && top(answers[now]) < -9;
  const next = answers[isInside ? now : now + step];
  const page = document.querySelector(`a[rel=${step > 0 ? "next" : "prev"}]`);
  if (next) location.replace(`#${next.id}`);
  else if (page) location.assign(page.href);
});
