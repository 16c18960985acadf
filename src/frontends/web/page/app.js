// A part of the page.
