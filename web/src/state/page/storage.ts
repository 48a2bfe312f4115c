/** Small settings that outlive the page; a browser that forbids storage only forgets them. */
export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(`diorama.${name}`);
  } catch {
    return null;
  }
}

export function store(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(`diorama.${name}`);
    else localStorage.setItem(`diorama.${name}`, text);
  } catch {
    // storage is full or forbidden: the setting holds until the page is closed
  }
}
