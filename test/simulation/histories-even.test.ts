import { checkHistories } from '../support/check-histories.ts';

checkHistories(0, 2);
