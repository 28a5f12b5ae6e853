/** Whether the page shows how the net learns, as its address says, and not the cluster. */
export const isStudy = (): boolean => new URLSearchParams(location.search).has('learning');
