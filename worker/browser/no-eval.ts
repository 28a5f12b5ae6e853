import * as z from 'zod';

// The policy of the page forbids code that is made at run time. Zod tries that otherwise, when the
// first schema is defined. So this module is imported before all modules with schemas.
z.config({ jitless: true });
