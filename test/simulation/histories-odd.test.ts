import { checkHistories } from '../support/check-histories.ts';

checkHistories(1, 2);
