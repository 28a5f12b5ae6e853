/** A text that begins a sentence. Names of classes may begin with a small letter. */
export const asSentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
