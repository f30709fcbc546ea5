// While `kg serve --watch` runs: show what the checks say, and load the page again when there is a new snapshot.
const script = document.currentScript;
const box = document.createElement("pre");
box.className = "watch-box";
box.setAttribute("role", "status");
box.hidden = true;
document.body.append(box);

async function look() {
  try {
    const answer = await fetch(script.dataset.state, { cache: "no-store" });
    const state = await answer.json();
    if (state.snapshot !== script.dataset.snapshot) {
      location.reload();
      return;
    }
    const text = (state.stage === "waiting" ? "" : `${state.stage} …\n`) + state.text;
    if (box.textContent !== text) box.textContent = text;
    box.hidden = text === "";
  } catch {
    box.hidden = true;
  }
  setTimeout(look, 50);
}
look();
