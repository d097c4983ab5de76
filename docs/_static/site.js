// The theme names some buttons for screen readers with other words than those that are seen; WCAG asks for the same.
for (const button of document.querySelectorAll("button.search-button-field[aria-label], summary[aria-label]")) {
  button.removeAttribute("aria-label");
}
