// Saves the click on "Continue", after as many seconds as the form says; without JavaScript the page works just the same.
const form = document.querySelector("form[data-submit]");
setTimeout(() => form.submit(), 1000 * form.dataset.submit);
