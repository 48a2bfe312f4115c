// Runs in a frame of its own, without network; what it draws comes to it as an argument.
export function mount(element, { record, theme, size }) {
  const list = document.createElement("ol");
  element.append(list);

  function draw({ body }, { text, font }) {
    list.style.cssText = `display:flex;height:100%;margin:0;padding:0;list-style:none;color:${text};font:12px ${font}`;
    list.replaceChildren(...body.colors.map(([red, green, blue], at) => {
      const stripe = document.createElement("li");
      stripe.style.cssText = `flex:${body.shares[at]};background:rgb(${red},${green},${blue})`;
      stripe.title = `${Math.round(100 * body.shares[at])} %`;
      if (size === "full") stripe.textContent = stripe.title;
      return stripe;
    }));
  }

  draw(record, theme);
  return {
    update: (next) => draw(next.record, next.theme),
    dispose: () => list.remove(),
  };
}
